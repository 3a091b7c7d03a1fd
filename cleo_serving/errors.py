"""What goes wrong while serving.

    CleoError
    ├── Unauthenticated        no token, or one that does not hold                  (401)
    ├── Forbidden              the token does not carry the scope                   (403)
    ├── NotFound               it is not there, or it is another user's             (404)
    ├── BadRequest             the request cannot be read                           (400)
    │   ├── BodyTooLarge                                                            (413)
    │   ├── UnsupportedBody    not plain JSON in UTF-8                              (415)
    │   └── QueryRejected      the query guard refused the document                 (400)
    ├── RateLimited            more than the caller's share                         (429)
    ├── Overloaded             no room for another generation now                   (503)
    ├── Erased                 the user was erased while the question waited        (409)
    ├── ModelWithdrawn         a reviewer took back the model that answered         (503)
    └── EngineError            the engine could not answer                          (503)
        └── UnsupportedModel   an architecture or folder the engine cannot load     (exit 2)

What is wrong with a model folder itself is a `cleo_core.errors.ModelError`.

A client never learns whether something exists that is not its own: `NotFound` says the same in both cases.
"""

from __future__ import annotations

from cleo_core.errors import CleoError


class Unauthenticated(CleoError, code="UNAUTHENTICATED", http_status=401): ...


class Forbidden(CleoError, code="FORBIDDEN", http_status=403): ...


class NotFound(CleoError, code="NOT_FOUND", http_status=404): ...


class BadRequest(CleoError, code="BAD_REQUEST", http_status=400): ...


class BodyTooLarge(BadRequest, code="BODY_TOO_LARGE", http_status=413): ...


class UnsupportedBody(BadRequest, code="UNSUPPORTED_BODY", http_status=415): ...


class QueryRejected(BadRequest, code="QUERY_REJECTED"):
    def __init__(self, reason: str) -> None:
        super().__init__(f"The query was refused: {reason}.")


class RateLimited(CleoError, code="RATE_LIMITED", http_status=429):
    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(CleoError, code="OVERLOADED", http_status=503, exit_code=4):
    def __init__(self, message: str, *, hint: str | None = None, retry_after: int = 1) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Erased(CleoError, code="ERASED", http_status=409): ...


class ModelWithdrawn(CleoError, code="MODEL_WITHDRAWN", http_status=503, exit_code=5): ...


class EngineError(CleoError, code="ENGINE", http_status=503, exit_code=3): ...


class UnsupportedModel(EngineError, code="UNSUPPORTED_MODEL", exit_code=2): ...
