"""GraphQL over HTTP: POST alone, JSON alone, one operation, in this order: token, body, guard, share, run."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from graphql import OperationType
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from strawberry.types import ExecutionResult

from cleo_core.errors import CleoError
from cleo_core.telemetry import get_logger, request_id
from cleo_serving.api.context import TELLING, Context, public
from cleo_serving.api.schema import CleoSchema, visible
from cleo_serving.errors import BadRequest, RateLimited, Unauthenticated
from cleo_serving.identity.tokens import Principal
from cleo_serving.security.body import parse_request, read_body
from cleo_serving.security.query_guard import admit
from cleo_serving.services import Services

__all__ = ["GraphQLEndpoint", "error_response"]

log = get_logger(__name__)


def error_response(error: BaseException, services: Services | None = None) -> Response:
    """The reply to a request that was refused as a whole."""
    message, extensions = public(error, request_id())
    status = error.http_status if isinstance(error, CleoError) else 500
    if services is not None:
        services.metrics.refusals.labels(extensions["code"]).inc()
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after)
    return JSONResponse({"errors": [{"message": message, "extensions": extensions}]}, status, headers)


class GraphQLEndpoint:
    """Answers POST /graphql."""

    def __init__(self, services: Services, schema: CleoSchema) -> None:
        self._services = services
        self._schema = schema
        self._debug = services.settings.debug

    async def __call__(self, request: Request) -> Response:
        services = self._services
        try:
            principal = await self._sign_in(request)
            body = await read_body(request, limit=services.settings.body_bytes, seconds=services.settings.body_seconds)
            call = parse_request(body)
            admitted = admit(
                call.query, call.variables, call.operation, services.settings.query, introspection=self._debug
            )
            if admitted.operation is OperationType.SUBSCRIPTION:
                raise BadRequest("Subscriptions go over the websocket.")
            await services.limits.charge(principal.user, admitted.measure.cost)
            context = Context(services, principal, request_id(), admitted)
            result = await self._run(request, call.query, call.variables, call.operation, context)
        except CleoError as error:
            if not isinstance(error, TELLING):
                log.error("a request failed", error=type(error).__name__, code=error.code)
            return error_response(error, services)
        if result is None:
            return Response(status_code=499)  # nobody is there to read it
        return self._response(result)

    async def _sign_in(self, request: Request) -> Principal:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer" or not token:
                raise Unauthenticated("A token is needed.", hint="Authorization: Bearer TOKEN")
            return self._services.verifier.verify(token.strip())
        except Unauthenticated:
            # Only now: behind a proxy all share one address, and a stranger there must not lock out who has a token.
            await self._services.limits.count_failure(request.client.host if request.client else "unknown")
            raise

    async def _run(
        self, request: Request, query: str, variables: dict[str, Any] | None, operation: str | None, context: Context
    ) -> ExecutionResult | None:
        """The result, or None when the client went away: then the work for it was stopped."""
        work = asyncio.create_task(
            self._schema.execute(query, variable_values=variables, context_value=context, operation_name=operation)
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
            told["errors"] = visible(result.errors, request_id(), debug=self._debug)
            if result.data is None:
                del told["data"]
        try:
            content = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except (ValueError, TypeError) as error:
            log.error("a reply could not be written", error=type(error).__name__)
            return error_response(error, self._services)
        status = (
            400 if "data" not in told and all(e["extensions"]["code"] == "BAD_QUERY" for e in told["errors"]) else 200
        )
        return Response(content, status, media_type="application/json")


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
