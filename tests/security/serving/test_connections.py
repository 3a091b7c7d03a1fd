"""Connections that say nothing, too little or too slowly shut nobody out."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from cleo_serving.metrics import Metrics
from cleo_serving.security.connections import Connections, HTTPConnection
from cleo_serving.server import bind
from cleo_serving.settings import ConnectionSettings
from tests.serving_server import RunningApi

pytestmark = pytest.mark.security

GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = 64 * 2**20


async def app(scope: dict[str, object], receive: Callable[..., object], send: Callable[..., object]) -> None:
    """Answers at once; /large is more than any buffer holds; /held waits for the rest of a body."""
    request = Request(scope, receive)  # type: ignore[arg-type]
    if request.url.path == "/held":
        await request.body()
    response: Response = PlainTextResponse(b"x" * LARGE if request.url.path == "/large" else b"ok")
    await response(scope, receive, send)  # type: ignore[arg-type]


@contextmanager
def serving(**settings: float) -> Iterator[Callable[..., socket.socket]]:
    """A server with these settings; yields what opens a connection to it from an address of this machine."""
    connections = Connections(ConnectionSettings(**settings), Metrics())
    http = partial(HTTPConnection, connections)
    server = uvicorn.Server(uvicorn.Config(app, http=http, lifespan="off", log_config=None))  # type: ignore[arg-type]
    with bind("127.0.0.1", 0) as listening, ExitStack() as opened:
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
        thread.start()

        def connect(address: str = "127.0.0.1") -> socket.socket:
            return opened.enter_context(
                socket.create_connection(listening.getsockname(), timeout=60, source_address=(address, 0))
            )

        try:
            yield connect
        finally:
            opened.close()
            server.should_exit = True
            thread.join(60)
    assert not thread.is_alive()


def answer(connection: socket.socket, path: bytes = b"") -> bytes:
    """The first line of the answer to a request; nothing when the server has closed the connection."""
    try:
        connection.sendall(GET % path)
        return connection.recv(4096).partition(b"\r\n")[0]
    except ConnectionError:
        return b""


def closed(connection: socket.socket) -> bool:
    """The server closes it, sooner or later."""
    try:
        while connection.recv(2**20):
            pass
    except ConnectionError:
        pass
    return True


def test_silent_connections_make_room_for_who_asks_something() -> None:
    with serving(places=40, per_address=30) as connect:
        silent = [connect() for _ in range(100)]
        assert answer(connect()) == b"HTTP/1.1 200 OK"
        assert answer(connect("127.0.0.2")) == b"HTTP/1.1 200 OK"
        assert all(map(closed, silent[:60]))
        assert answer(silent[-1]) == b"HTTP/1.1 200 OK"


def test_an_address_has_its_share_and_takes_no_place_of_another() -> None:
    with serving(places=40, per_address=4) as connect:
        other = connect("127.0.0.2")
        held = [connect() for _ in range(4)]
        for each in held:
            each.sendall(b"POST /held HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n")
        assert answer(connect()) == b""
        assert answer(other) == answer(connect("127.0.0.2")) == b"HTTP/1.1 200 OK"
        held[0].sendall(b"whole")
        assert held[0].recv(4096).startswith(b"HTTP/1.1 200 OK")


def test_when_every_place_answers_health_is_still_told() -> None:
    with serving(places=3, places_for_health=2, per_address=100) as connect:
        held = [connect() for _ in range(3)]
        for each in held:
            each.sendall(b"POST /held HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n")
        assert answer(connect(), b"health") == b"HTTP/1.1 200 OK"
        assert answer(connect(), b"graphql").startswith(b"HTTP/1.1 503")
        for each in held:
            each.sendall(b"whole")
            assert each.recv(4096).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "])
def test_a_header_that_does_not_come_ends_its_connection(sent: bytes) -> None:
    with serving(header_seconds=0.2) as connect:
        slow, kept = connect(), connect()
        slow.sendall(sent)
        assert answer(kept) == b"HTTP/1.1 200 OK"
        assert closed(slow)
        # The time of a header does not run while a client has nothing to ask.
        assert answer(kept) == b"HTTP/1.1 200 OK"


def test_the_second_header_has_its_time_too() -> None:
    with serving(header_seconds=0.2) as connect:
        slow = connect()
        assert answer(slow) == b"HTTP/1.1 200 OK"
        slow.sendall(b"GET / HT")
        assert closed(slow)


def test_a_client_that_takes_nothing_of_its_answer_is_ended() -> None:
    with serving(send_seconds=0.3) as connect:
        slow, quick = connect(), connect()
        slow.sendall(GET % b"large")
        assert answer(quick) == b"HTTP/1.1 200 OK"
        threading.Event().wait(1.0)
        got = 0
        try:
            while piece := slow.recv(2**20):
                got += len(piece)
        except ConnectionError:
            pass
        assert got < LARGE
        quick.sendall(GET % b"large")
        whole = 0
        while whole < LARGE:
            whole += len(quick.recv(2**20))


def test_what_is_no_http_gets_a_400_with_headers_and_an_id(api: RunningApi) -> None:
    port = int(api.url.rpartition(":")[2])
    for sent in (b"\x16\x03\x01\x00\xa5 hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(sent)
            told = b"".join(iter(lambda: connection.recv(65536), b""))
        assert told.startswith(b"HTTP/1.1 400")
        assert b"x-request-id: " in told
        assert b"nosniff" in told
        assert b'"BAD_REQUEST"' in told


def test_a_body_with_two_lengths_is_refused(api: RunningApi) -> None:
    port = int(api.url.rpartition(":")[2])
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    for lengths, status in (
        (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n", b"401"),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(head + lengths + b"\r\n0\r\n\r\n")
            assert connection.recv(65536).split(b" ")[1] == status
