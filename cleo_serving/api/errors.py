"""The only form in which an error leaves the API: code, message, request id; never a stack, a path or a store."""

from __future__ import annotations

import inspect
from typing import Any

from starlette.responses import JSONResponse, Response

from cleo_core.errors import CleoError, InputError
from cleo_core.telemetry import get_logger, request_id
from cleo_memory import RequestPending
from cleo_serving import errors
from cleo_serving.errors import Overloaded, RateLimited, Unauthenticated
from cleo_serving.metrics import Metrics

log = get_logger(__name__)

# Errors whose message speaks of what the caller sent; the message of any other may name a path or a store.
TELLING = (
    InputError, errors.BadRequest, errors.Erased, errors.Forbidden, errors.ModelWithdrawn, errors.NotFound,
    errors.Overloaded, RateLimited, RequestPending, Unauthenticated,
)  # fmt: skip


def report(error: BaseException, metrics: Metrics | None) -> tuple[str, dict[str, Any]]:
    """Message and extensions of an error as a client sees it; it is counted, and logged unless the caller's fault."""
    code = error.code if isinstance(error, CleoError) else "INTERNAL"
    extensions: dict[str, Any] = {"code": code, "requestId": request_id()}
    if isinstance(error, RateLimited | Overloaded):
        extensions["retryAfter"] = error.retry_after
    if metrics is not None:
        metrics.refusals.labels(code).inc()
    if isinstance(error, TELLING):
        return str(error.message), extensions
    # The type and place, not the message: it may quote what a user wrote.
    log.error("a request failed", error=type(error).__name__, code=code, place=_place(error))
    return "The request could not be answered.", extensions


def error_response(error: BaseException, metrics: Metrics | None = None) -> Response:
    """The reply to a request that was refused as a whole."""
    message, extensions = report(error, metrics)
    status = error.http_status if isinstance(error, CleoError) else 500
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, RateLimited | Overloaded):
        headers["Retry-After"] = str(error.retry_after)
    return JSONResponse({"errors": [{"message": message, "extensions": extensions}]}, status, headers)


def _place(error: BaseException) -> str:
    frames = inspect.getinnerframes(error.__traceback__, context=0) if error.__traceback__ else []
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-4:])
