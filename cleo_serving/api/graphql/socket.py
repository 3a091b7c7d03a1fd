"""Subscriptions over graphql-transport-ws: the token comes with connection_init, and its end is the socket's end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived, WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from cleo_core.errors import CleoError
from cleo_core.telemetry import request_id
from cleo_serving.api.errors import report
from cleo_serving.api.graphql.resolvers import admit_request
from cleo_serving.api.graphql.schema import CleoSchema
from cleo_serving.errors import BadRequest, RateLimited, Unauthenticated
from cleo_serving.identity.tokens import Principal
from cleo_serving.security.body import parse_json
from cleo_serving.services import Services

INIT_SECONDS = 5.0
SEND_SECONDS = 30.0
SUBSCRIPTIONS = 4
TYPES = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})


class _Adapter:
    """Reads and writes messages of one socket; what is no message of the protocol closes it."""

    def __init__(self, socket: WebSocket, limit: int) -> None:
        self._socket = socket
        self._limit = limit

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object]:
        while self._socket.application_state is WebSocketState.CONNECTED:
            try:
                received = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                raise WebSocketDisconnected from None
            if received["type"] != "websocket.receive":
                raise WebSocketDisconnected
            text = received.get("text")
            if text is None:
                raise NonTextMessageReceived
            yield self._message(text)

    def _message(self, text: str) -> dict[str, Any]:
        try:
            raw = text.encode()
            if len(raw) > self._limit:
                raise BadRequest("too long")
            message = parse_json(raw)
        except (BadRequest, UnicodeEncodeError):
            raise NonJsonMessageReceived from None
        kind, id = (message.get("type"), message.get("id", "")) if isinstance(message, dict) else (None, "")
        if not isinstance(kind, str) or kind not in TYPES or not isinstance(id, str) or len(id) > 64:
            raise NonJsonMessageReceived
        found: dict[str, Any] = message
        return found

    async def send_json(self, message: Mapping[str, object]) -> None:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        try:
            # A client that reads nothing would keep its reply in the making for ever.
            async with asyncio.timeout(SEND_SECONDS):
                await self._socket.send_text(text)
        except (TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            raise WebSocketDisconnected from None

    async def close(self, code: int, reason: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, OSError, WebSocketDisconnect):
                await self._socket.close(code, reason[:100])


class _Connection(BaseGraphQLTransportWSHandler[Any, None]):
    """One socket: signs in, refuses what the guard refuses, ends with its token."""

    def __init__(self, services: Services, schema: CleoSchema, socket: WebSocket) -> None:
        super().__init__(
            view=self,  # type: ignore[arg-type]  # of the view only on_ws_connect is used
            websocket=_Adapter(socket, services.settings.body_bytes),  # type: ignore[arg-type]  # the same three calls
            context={},
            root_value=None,
            schema=schema,
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=SUBSCRIPTIONS,
        )
        self._services = services
        self._address = socket.client
        self._principal: Principal | None = None
        self._held = ExitStack()
        self._expiry: asyncio.Task[None] | None = None

    async def on_ws_connect(self, context: dict[str, Any]) -> dict[str, object]:
        """Called by the library when connection_init has come."""
        try:
            payload = context.get("connection_params")
            value = payload.get("authorization") if isinstance(payload, dict) else None
            self._principal = await self._services.sign_in(value, self._address, bare=True)
            self._held.enter_context(self._services.limits.socket(self._principal.user))
        except RateLimited:
            await self.websocket.close(4429, "Too many requests")
            raise ConnectionRejectionError from None
        except Unauthenticated:
            raise ConnectionRejectionError from None
        self._expiry = asyncio.create_task(self._expire(self._principal.expires_at))
        return {"expiresAt": int(self._principal.expires_at)}

    async def _expire(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.time()))
        for operation in list(self.operations):
            await self.cleanup_operation(operation)
        await self.websocket.close(4401, "The token has expired")

    async def handle_subscribe(self, message: Any) -> None:
        principal = self._principal
        if principal is None or not self.connection_acknowledged:
            await self.websocket.close(4401, "Unauthorized")
            return
        try:
            await self._services.check_alive(principal)
            _, context = await admit_request(self._services, principal, message.get("payload"), streams=True)
            if len(self.operations) >= SUBSCRIPTIONS:
                raise RateLimited(f"{SUBSCRIPTIONS} subscriptions at a time are the most on one socket.", retry_after=1)
        except CleoError as error:
            text, extensions = report(error, self._services.metrics)
            payload = [{"message": text, "extensions": extensions}]
            await self.send_message({"id": message["id"], "type": "error", "payload": payload})
            return
        # The library hands this on to the resolvers; operations of one socket start one after the other.
        self.context = context
        await super().handle_subscribe(message)
        # Lets the operation begin and take this context before the next message replaces it.
        await asyncio.sleep(0)

    async def send_message(self, message: Any) -> None:
        """Every error that leaves is one of ours, whatever the library made of it."""
        payload = message.get("payload")
        errors = payload if message["type"] == "error" else payload.get("errors") if isinstance(payload, dict) else None
        if errors:
            cleaned = [_safe(error) for error in errors]
            message = {**message, "payload": cleaned if message["type"] == "error" else {**payload, "errors": cleaned}}
        await super().send_message(message)

    async def shutdown(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        try:
            await super().shutdown()
        finally:
            self._held.close()


def _safe(error: dict[str, Any]) -> dict[str, Any]:
    if "code" in (error.get("extensions") or {}):
        return {"message": error["message"], "extensions": error["extensions"]}
    extensions = {"code": "BAD_QUERY", "requestId": request_id()}
    return {"message": "The query does not fit the schema.", "extensions": extensions}


@dataclass(frozen=True, slots=True)
class SocketEndpoint:
    """Answers websockets on /graphql."""

    services: Services
    schema: CleoSchema

    async def listen(self, socket: WebSocket) -> None:
        if not self._same_origin(socket):
            await socket.close(4403)
            return
        if GRAPHQL_TRANSPORT_WS_PROTOCOL not in socket.scope.get("subprotocols", []):
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(subprotocol=GRAPHQL_TRANSPORT_WS_PROTOCOL)
        self.services.metrics.sockets.inc()
        try:
            await _Connection(self.services, self.schema, socket).handle()
        finally:
            self.services.metrics.sockets.dec()

    def _same_origin(self, socket: WebSocket) -> bool:
        """Programs send no Origin; a web page sends its own, and only listed pages and our own may connect."""
        origin = socket.headers.get("origin")
        if origin is None or origin in self.services.settings.allowed_origins:
            return True
        return urlsplit(origin).netloc.lower() == socket.headers.get("host", "").lower()
