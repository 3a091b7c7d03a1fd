"""What a resolver knows about the request, and how every resolver runs: scope checked, counted, errors made visible."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLError, OperationType
from strawberry.types import Info

from cleo_serving.api.errors import report
from cleo_serving.errors import BadRequest, QueryRejected
from cleo_serving.identity.tokens import Principal
from cleo_serving.security.body import GraphQLRequest, check_request
from cleo_serving.security.query.guard import Admitted, admit
from cleo_serving.services import Services


@dataclass(slots=True)
class Context:
    """Of one operation."""

    services: Services
    principal: Principal
    admitted: Admitted

    @property
    def user(self) -> str:
        return self.principal.user


Ctx = Info[Context, None]
CHARACTERS = 1000
"""Of a document, for each unit of cost."""
REFUSED = 90
"""Cost of a document that is refused: 100 a minute, by default, are a user's whole share."""


async def admit_request(
    services: Services, principal: Principal, value: object, *, streams: bool
) -> tuple[GraphQLRequest, Context]:
    """The request in a parsed body, measured and taken from the user's share, and the context of its run.

    Args:
        streams: whether it came over the websocket, which carries subscriptions alone; HTTP carries the others.

    Raises:
        BadRequest, QueryRejected, RateLimited: it may not run.
    """
    call, settings = check_request(value), services.settings
    # By its length, before anything reads it: a document costs the server time whether it may run or not.
    await services.limits.charge(principal.user, len(call.query) // CHARACTERS)
    try:
        admitted = await asyncio.to_thread(
            admit, call.query, call.variables, call.operation, settings.query, introspection=settings.debug
        )
    except QueryRejected:
        await services.limits.charge(principal.user, REFUSED)
        raise
    if streams is not (admitted.operation is OperationType.SUBSCRIPTION):
        raise BadRequest("Queries and mutations go over HTTP." if streams else "Subscriptions go over the websocket.")
    await services.limits.charge(principal.user, admitted.measure.cost)
    return call, Context(services, principal, admitted)


class SafeError(GraphQLError):
    """An error that a client may see: code, message, request id."""


@contextmanager
def _resolving(field: str, scope: str, info: Ctx) -> Iterator[None]:
    context, outcome = info.context, "closed"
    try:
        context.principal.require(scope)
        yield
        outcome = "ok"
    except Exception as error:
        outcome = "error"
        message, extensions = report(error, context.services.metrics)
        raise SafeError(message, extensions=extensions) from error
    finally:
        context.services.metrics.requests.labels(field, outcome).inc()


def _guarded(scope: str, resolver: Callable[..., Any]) -> Callable[..., Any]:
    """The resolver, where the token carries the scope; its errors are fit to be seen."""

    @functools.wraps(resolver)
    async def answer(*args: Any, **kwargs: Any) -> Any:
        with _resolving(resolver.__name__, scope, kwargs["info"]):
            return await resolver(*args, **kwargs)

    @functools.wraps(resolver)
    async def stream(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
        with _resolving(resolver.__name__, scope, kwargs["info"]):
            async with aclosing(resolver(*args, **kwargs)) as events:
                async for event in events:
                    yield event

    return stream if inspect.isasyncgenfunction(resolver) else answer


def _root_field(make: Callable[..., Any], scope: str, description: str) -> Callable[[Callable[..., Any]], Any]:
    return lambda resolver: make(resolver=_guarded(scope, resolver), description=description)


# Each takes the scope that the token must carry, and the description that a client reads.
query = functools.partial(_root_field, strawberry.field)
mutation = functools.partial(_root_field, strawberry.mutation)
subscription = functools.partial(_root_field, strawberry.subscription)
