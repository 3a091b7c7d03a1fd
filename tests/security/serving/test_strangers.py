"""A stranger who shares an address with others, as behind a proxy, is held up alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from cleo_serving.settings import RateSettings
from tests.serving_server import RunningApi

pytestmark = pytest.mark.security

QUERY = {"query": "{ health { ready } }"}
PROTOCOL = [Subprotocol("graphql-transport-ws")]


@pytest.fixture
def narrow(api_settings: Any, home: Path) -> Iterator[RunningApi]:
    """An API that lets one address fail three times a minute."""
    with RunningApi(api_settings.model_copy(update={"rate": RateSettings(failures_per_minute=3)})) as running:
        yield running


def greet(api: RunningApi, token: str) -> Any:
    """The answer to connection_init, or the code the socket was closed with."""
    with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        try:
            return json.loads(socket.recv(timeout=30))["type"]
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def test_a_stranger_locks_out_nobody_who_has_a_token(narrow: RunningApi) -> None:
    def stranger() -> int:
        headers = {"Authorization": "Bearer guess"}
        return narrow.client.post(f"{narrow.url}/graphql", json=QUERY, headers=headers).status_code

    assert [stranger() for _ in range(5)] == [401, 401, 401, 429, 429]
    assert greet(narrow, "guess") == 4429
    # The same address, at the same moment, with a token: over both ways.
    for _ in range(5):
        assert narrow.data("ann", QUERY["query"]) == {"health": {"ready": True}}
    assert greet(narrow, narrow.token("ann")) == "connection_ack"
    assert stranger() == 429


def test_a_stranger_on_a_socket_is_refused_and_counted(narrow: RunningApi) -> None:
    assert [greet(narrow, "guess") for _ in range(4)] == [4403, 4403, 4403, 4429]
    assert greet(narrow, narrow.token("ann")) == "connection_ack"
