"""The bearer token of a request, read the one way (RFC 6750)."""

from __future__ import annotations

from cleo_serving.errors import Unauthenticated

__all__ = ["bearer_token"]


def bearer_token(value: object, *, bare: bool = False) -> str:
    """The token in the value of an Authorization header.

    Args:
        bare: accept the token without its scheme too, as websocket clients send it in connection_init.

    Raises:
        Unauthenticated: there is none.
    """
    if isinstance(value, str):
        scheme, _, token = value.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        if bare and value:
            return value
    raise Unauthenticated("A token is needed.", hint="Authorization: Bearer TOKEN")
