"""Connections that say nothing, too little or too slowly make room: nobody is shut out by strangers who only connect.

Each connection has a time for its first complete header and for taking what it is sent. An address has a share of the
places. Where all are taken, the oldest connection that is not being answered gives way, and a few more are let in that
only learn how the API is doing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from cleo_serving.metrics import Metrics
from cleo_serving.security.headers import refusal
from cleo_serving.settings import ConnectionSettings

HEALTH = ("/health", "/health/live")
COME_BACK = {"Retry-After": "1", "Connection": "close"}


class _Connection(Protocol):
    transport: asyncio.Transport
    client: tuple[str, int] | None

    @property
    def answering(self) -> bool: ...


@dataclass
class Connections:
    """Every open connection, oldest first, and who holds how many."""

    settings: ConnectionSettings
    metrics: Metrics
    _open: dict[_Connection, str] = field(default_factory=dict)
    _held: Counter[str] = field(default_factory=Counter)

    def add(self, connection: _Connection) -> None:
        """Count a connection; where there is no place for it, an idle one gives way, or it is ended itself."""
        address = connection.client[0] if connection.client else ""
        self._open[connection] = address
        self._held[address] += 1
        settings = self.settings
        if self._held[address] > settings.per_address:
            self._make_room(connection, address)
        if len(self._open) > settings.places + settings.places_for_health:
            self._make_room(connection, None)

    def remove(self, connection: _Connection) -> None:
        address = self._open.pop(connection, None)
        if address is not None:
            self._held[address] -= 1
            if not self._held[address]:
                del self._held[address]

    @property
    def full(self) -> bool:
        """Only health is answered to whoever comes now."""
        return len(self._open) > self.settings.places

    def _make_room(self, newcomer: _Connection, address: str | None) -> None:
        idle = (
            each
            for each, of in self._open.items()
            if each is not newcomer and not each.answering and address in (None, of)
        )
        self.end(next(idle, newcomer), "no room")

    def end(self, connection: _Connection, why: str) -> None:
        """Close at once: what it was still to be sent is dropped."""
        self.metrics.connections_ended.labels(why).inc()
        self.remove(connection)
        connection.transport.abort()


class _Timed:
    """A timer of a connection, which ends it."""

    def __init__(self, connections: Connections, connection: _Connection, seconds: float, why: str) -> None:
        self._connections, self._connection, self._seconds, self._why = connections, connection, seconds, why
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._handle is None:
            end = self._connections.end
            self._handle = asyncio.get_running_loop().call_later(self._seconds, end, self._connection, self._why)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class HTTPConnection(H11Protocol):
    """uvicorn's, with a time for each header and for reading, a place among the others, and a 400 of our form."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._all = connections
        self._header = _Timed(connections, self, connections.settings.header_seconds, "slow header")
        self._reading = _Timed(connections, self, connections.settings.send_seconds, "slow reader")

    @property
    def answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._header.start()
        self._all.add(self)
        if self._all.full:
            self.app = OnlyHealth(self.app)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            super().data_received(data)
            # Between two requests uvicorn counts the time without a byte; from the first byte on it is a header's.
            (self._header.stop if self.answering else self._header.start)()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._leave()
        super().handle_websocket_upgrade(event)

    def timeout_keep_alive_handler(self) -> None:
        self._header.stop()
        super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading.stop()

    def send_400_response(self, msg: str) -> None:
        told = refusal(400, "BAD_REQUEST", msg, secrets.token_hex(16), Connection="close")
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = h11.Response(status_code=told.status_code, headers=told.raw_headers, reason=b"Bad Request")
            for part in (response, h11.Data(data=bytes(told.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(part) or b"")
        self.transport.close()

    def _leave(self) -> None:
        self._header.stop()
        self._reading.stop()
        self._all.remove(self)


class WebSocketConnection(WebSocketsSansIOProtocol):
    """uvicorn's, with a place among the others; what it may do without a token is bounded by `SocketEndpoint`."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._all = connections

    @property
    def answering(self) -> bool:
        return self.handshake_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._all.add(self)
        if self._all.full:
            self._all.end(self, "no room")

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.remove(self)
        super().connection_lost(exc)


class OnlyHealth:
    """What a connection beyond the places gets: the state of the API, and 503 for all else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = refusal(503, "OVERLOADED", "Too many connections.", secrets.token_hex(16), **COME_BACK)
        await (self._app if scope["path"] in HEALTH else told)(scope, receive, send)
