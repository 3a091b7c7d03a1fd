"""ASGI middleware around every request: a request id, the Host check, security headers, a masked 500."""

from __future__ import annotations

import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cleo_core.telemetry import get_logger, request
from cleo_serving.metrics import Metrics

log = get_logger(__name__)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
ROUTES = frozenset({"/graphql", "/health", "/health/live", "/health/detailed", "/metrics"})


class Envelope:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, *, hosts: tuple[str, ...], secure: bool, metrics: Metrics) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._headers = dict(HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with request(secrets.token_hex(16)) as id:
            given = Headers(scope=scope)
            if not self._host_is_ours(given.get("host", "")):
                await self._refuse(scope, receive, send, id)
            elif scope["type"] == "websocket":
                await self._app(scope, receive, send)
            elif "content-length" in given and "transfer-encoding" in given:
                # A proxy that believes the other one would see another request in what follows.
                told = "Content-Length and Transfer-Encoding exclude each other."
                await refusal(400, "BAD_REQUEST", told, id)(scope, receive, send)
            else:
                await self._http(scope, receive, send, id)

    async def _http(self, scope: Scope, receive: Receive, send: Send, id: str) -> None:
        began, started = time.monotonic(), False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-ID"] = id
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            log.error("a request broke", error=type(error).__name__, path=scope["path"][:64])
            if not started:
                await refusal(500, "INTERNAL", "The request could not be answered.", id)(scope, receive, sending)
        finally:
            route = scope["path"] if scope["path"] in ROUTES else "other"
            self._metrics.seconds.labels(route).observe(time.monotonic() - began)

    def _host_is_ours(self, host: str) -> bool:
        name = host.lower()
        if not name.endswith("]"):
            name, _, port = name.rpartition(":") if ":" in name else (name, "", "")
            if port and not port.isdigit():
                return False
        return name in self._hosts or "*" in self._hosts

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, id: str) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403})
        else:
            await refusal(421, "WRONG_HOST", "This host is not served here.", id)(scope, receive, send)


def refusal(status: int, code: str, message: str, id: str, **headers: str) -> JSONResponse:
    """The reply to what the application never sees; with the headers that all replies have, and others."""
    told = {"errors": [{"message": message, "extensions": {"code": code, "requestId": id}}]}
    return JSONResponse(told, status, {**HEADERS, "X-Request-ID": id, **headers})
