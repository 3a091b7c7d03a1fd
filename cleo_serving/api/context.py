"""What a resolver knows about the request, and the only form in which an error leaves it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from graphql import GraphQLError
from strawberry.types import Info

from cleo_core.errors import CleoError, InputError
from cleo_core.telemetry import get_logger
from cleo_serving.errors import (
    BadRequest,
    Erased,
    Forbidden,
    ModelWithdrawn,
    NotFound,
    Overloaded,
    RateLimited,
    Unauthenticated,
)
from cleo_serving.identity.tokens import Principal
from cleo_serving.security.query_guard import Admitted
from cleo_serving.services import Services

__all__ = ["Context", "Ctx", "SafeError", "answers", "public", "streams"]

log = get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Errors whose message speaks of what the caller sent; the message of any other may name a path or a store.
TELLING = (
    InputError,
    BadRequest,
    Erased,
    Forbidden,
    ModelWithdrawn,
    NotFound,
    Overloaded,
    RateLimited,
    Unauthenticated,
)


@dataclass(slots=True)
class Context:
    """Of one operation."""

    services: Services
    principal: Principal
    request_id: str
    admitted: Admitted | None = None


Ctx = Info[Context, None]


class SafeError(GraphQLError):
    """An error that a client may see: code, message, request id."""


def public(error: BaseException, request_id: str) -> tuple[str, dict[str, Any]]:
    """Message and extensions of an error as a client sees it."""
    if isinstance(error, TELLING):
        assert isinstance(error, CleoError)
        extensions: dict[str, Any] = {"code": error.code, "requestId": request_id}
        if isinstance(error, RateLimited):
            extensions["retryAfter"] = error.retry_after
        return error.message, extensions
    code = error.code if isinstance(error, CleoError) else "INTERNAL"
    return "The request could not be answered.", {"code": code, "requestId": request_id}


def _safe(error: Exception, context: Context) -> SafeError:
    message, extensions = public(error, context.request_id)
    context.services.metrics.refusals.labels(extensions["code"]).inc()
    if not isinstance(error, TELLING):
        # The type and place, not the message: it may quote what a user wrote.
        log.error("a request failed", request=context.request_id, error=type(error).__name__, place=_place(error))
    return SafeError(message, extensions=extensions)


def _place(error: BaseException) -> str:
    frames = inspect.getinnerframes(error.__traceback__, context=0) if error.__traceback__ else []
    place = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-4:])
    return place


def _context(arguments: dict[str, Any]) -> Context:
    info: Ctx = arguments["info"]
    return info.context


def answers(scope: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """A resolver that needs a scope and whose errors are fit to be seen."""

    def decorate(resolver: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(resolver)
        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            context = _context(dict(kwargs))
            name = resolver.__name__
            try:
                context.principal.require(scope)
                result = await resolver(*args, **kwargs)
            except Exception as error:
                context.services.metrics.requests.labels(name, "error").inc()
                raise _safe(error, context) from error
            context.services.metrics.requests.labels(name, "ok").inc()
            return result

        return run

    return decorate


def streams(
    scope: str,
) -> Callable[[Callable[P, AsyncGenerator[T]]], Callable[P, AsyncGenerator[T]]]:
    """The same for a subscription."""

    def decorate(resolver: Callable[P, AsyncGenerator[T]]) -> Callable[P, AsyncGenerator[T]]:
        @functools.wraps(resolver)
        async def run(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T]:
            context = _context(dict(kwargs))
            outcome = "closed"
            try:
                context.principal.require(scope)
                async with aclosing(resolver(*args, **kwargs)) as events:
                    async for event in events:
                        yield event
                outcome = "ok"
            except Exception as error:
                outcome = "error"
                raise _safe(error, context) from error
            finally:
                context.services.metrics.requests.labels(resolver.__name__, outcome).inc()

        return run

    return decorate
