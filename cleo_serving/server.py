"""One API process: bind the port, open everything, serve, and close in order on Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from cleo_core.errors import ConfigError, EnvironmentFault
from cleo_serving.app import create_app
from cleo_serving.security.connections import Connections, HTTPConnection, WebSocketConnection
from cleo_serving.services import Services, open_services
from cleo_serving.settings import ServingSettings


def bind(host: str, port: int) -> socket.socket:
    """A bound socket: the port is ours before minutes are spent on loading a model.

    Raises:
        EnvironmentFault: the port is taken, or this machine has no such address.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise ConfigError(f"The host {host!r} has no address.", hint="Set CLEO_SERVING_HOST, or --host.") from None
    bound = socket.socket(family, kind)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it: without, each reply on one that is kept alive waits 40 ms for the client to acknowledge.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind(address)
        # Listening already here: two processes could both bind a port that nobody listens on yet.
        bound.listen(1024)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise EnvironmentFault(
                f"Port {port} is in use.", hint=f"End what uses it, or take another: cleo api --port {port + 1}"
            ) from None
        raise EnvironmentFault(
            f"{host}:{port} cannot be used: {error.strerror}.", hint="Take another --host or --port."
        ) from None
    return bound


class _Server(uvicorn.Server):
    """uvicorn, without its signal handling: it would end the process before memory and engine are closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(services: Services) -> uvicorn.Server:
    """A server for opened services, with every bound set."""
    settings = services.settings
    connections = Connections(settings.connections, services.metrics)
    return _Server(
        uvicorn.Config(
            create_app(services),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            # Called with what uvicorn gives to its own; it takes any callable, though it says a class.
            http=partial(HTTPConnection, connections),  # type: ignore[arg-type]
            h11_max_incomplete_event_size=16 * 1024,
            ws=partial(WebSocketConnection, connections),  # type: ignore[arg-type]
            ws_max_size=settings.body_bytes,
            # Compressed frames can unpack to thousands of times their size.
            ws_per_message_deflate=False,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=10,
        )
    )


async def serve(settings: ServingSettings, bound: socket.socket, started: Callable[[Services], None]) -> int:
    """Serve until a signal comes; returns the exit code."""
    async with open_services(settings) as services:
        server = make_server(services)
        received: list[int] = []

        def stop(number: int) -> None:
            server.force_exit = bool(received)
            server.should_exit = True
            received.append(number)

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)
        started(services)
        try:
            await server.serve(sockets=[bound])
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        return 130 if received[:1] == [signal.SIGINT] else 0
