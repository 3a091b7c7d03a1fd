"""The socket that the API listens on."""

from __future__ import annotations

import socket

import pytest

from cleo_core.errors import ConfigError, EnvironmentFault
from cleo_serving.server import bind

pytestmark = pytest.mark.unit


def test_no_accepted_connection_waits_for_acknowledgements() -> None:
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_and_a_host_that_is_none_are_named() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(EnvironmentFault, match=str(port := taken.getsockname()[1])):
        bind("127.0.0.1", port)
    with pytest.raises(ConfigError, match=r"no-such-host\.invalid"):
        bind("no-such-host.invalid", 0)
