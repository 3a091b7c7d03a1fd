"""What a resolver knows about the request, and how every resolver runs: scope checked, counted, errors made visible."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from graphql import GraphQLError
from strawberry.types import Info

from cleo_serving.api.errors import report
from cleo_serving.identity.tokens import Principal
from cleo_serving.security.query.guard import Admitted
from cleo_serving.services import Services

__all__ = ["Context", "Ctx", "SafeError", "answers", "streams"]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Context:
    """Of one operation."""

    services: Services
    principal: Principal
    admitted: Admitted | None = None


Ctx = Info[Context, None]


class SafeError(GraphQLError):
    """An error that a client may see: code, message, request id."""


@contextmanager
def _resolving(field: str, scope: str, arguments: dict[str, Any]) -> Iterator[None]:
    info: Ctx = arguments["info"]
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


def answers(scope: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """A resolver that needs a scope and whose errors are fit to be seen."""

    def decorate(resolver: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(resolver)
        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            with _resolving(resolver.__name__, scope, kwargs):
                return await resolver(*args, **kwargs)

        return run

    return decorate


def streams(scope: str) -> Callable[[Callable[P, AsyncGenerator[T]]], Callable[P, AsyncGenerator[T]]]:
    """The same for a subscription."""

    def decorate(resolver: Callable[P, AsyncGenerator[T]]) -> Callable[P, AsyncGenerator[T]]:
        @functools.wraps(resolver)
        async def run(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T]:
            with _resolving(resolver.__name__, scope, kwargs):
                async with aclosing(resolver(*args, **kwargs)) as events:
                    async for event in events:
                        yield event

        return run

    return decorate
