"""The schema, and the one way to run an admitted document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from cleo_core.telemetry import get_logger, request_id
from cleo_serving.api.graphql.operations import Mutation, Query, Subscription
from cleo_serving.api.graphql.resolvers import Context, SafeError

log = get_logger(__name__)


class _Admitted(SchemaExtension):
    """Hands on the document that the guard parsed, so that what was measured is what runs."""

    async def on_parse(self) -> AsyncIterator[None]:
        context = self.execution_context.context
        if isinstance(context, Context):
            self.execution_context.graphql_document = context.admitted.document
        yield


class CleoSchema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        # The library would log the error with its stack, and with it what a user wrote.
        for error in errors:
            if not isinstance(error, SafeError) and not isinstance(error.original_error, SafeError):
                log.info("a document did not fit the schema", error=type(error).__name__)


def make_schema(*, debug: bool) -> CleoSchema:
    return CleoSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=[_Admitted],
        config=StrawberryConfig(disable_field_suggestions=not debug),
    )


def shown(error: GraphQLError, *, debug: bool) -> dict[str, Any]:
    """An error as a client sees it: code, message, request id; and where in the reply it belongs."""
    safe = error if isinstance(error, SafeError) else error.original_error
    if isinstance(safe, SafeError):
        told: dict[str, Any] = {"message": safe.message, "extensions": dict(safe.extensions or {})}
        if error.path:
            told["path"] = list(error.path)
        return told
    # From the library: the document does not fit the schema, or a value does not fit its type. The full text names
    # fields and echoes values, which is for the developer of a client.
    message = error.message if debug and error.original_error is None else "The query does not fit the schema."
    return {"message": message, "extensions": {"code": "BAD_QUERY", "requestId": request_id()}}
