"""GraphQL over HTTP: POST alone, JSON alone, one operation, in this order: token, body, guard, share, run."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from strawberry.types import ExecutionResult

from cleo_core.errors import CleoError
from cleo_serving.api.errors import error_response
from cleo_serving.api.graphql.resolvers import Context, admit_request
from cleo_serving.api.graphql.schema import CleoSchema, shown
from cleo_serving.security.body import GraphQLRequest, parse_json, read_body
from cleo_serving.services import Services


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """Answers POST /graphql."""

    services: Services
    schema: CleoSchema

    async def post(self, request: Request) -> Response:
        services, settings = self.services, self.services.settings
        try:
            principal = await services.sign_in(request.headers.get("authorization"), request.client)
            body = await read_body(request, limit=settings.body_bytes, seconds=settings.body_seconds)
            call, context = await admit_request(services, principal, parse_json(body), streams=False)
            result = await self._run(request, call, context)
        except CleoError as error:
            return error_response(error, services.metrics)
        if result is None:
            return Response(status_code=499)  # nobody is there to read it
        return self._response(result)

    async def _run(self, request: Request, call: GraphQLRequest, context: Context) -> ExecutionResult | None:
        """The result, or None when the client went away: then the work for it was stopped."""
        work = asyncio.create_task(
            self.schema.execute(
                call.query, variable_values=call.variables, context_value=context, operation_name=call.operation
            )
        )
        gone = asyncio.create_task(_gone(request))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            return await work if work.done() else None
        finally:
            for task in (work, gone):
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task

    def _response(self, result: ExecutionResult) -> Response:
        told: dict[str, Any] = {"data": result.data}
        if result.errors:
            told["errors"] = [shown(error, debug=self.services.settings.debug) for error in result.errors]
            if result.data is None:
                del told["data"]
        try:
            content = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except (ValueError, TypeError) as error:
            return error_response(error, self.services.metrics)
        status = (
            400 if "data" not in told and all(e["extensions"]["code"] == "BAD_QUERY" for e in told["errors"]) else 200
        )
        return Response(content, status, media_type="application/json")


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
