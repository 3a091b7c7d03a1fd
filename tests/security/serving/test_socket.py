"""The subscription: tokens stream, nobody listens without a token, and who goes away stops its compute."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.serving_server import RunningApi

pytestmark = pytest.mark.security

PROTOCOL = [Subprotocol("graphql-transport-ws")]
CHAT = """
subscription($input: AskInput!) {
  chat(input: $input) {
    __typename
    ... on ChatStarted { conversationId provenance { replyId modelVersion memories { id } } }
    ... on ChatToken { text }
    ... on ChatEnded { whole: text finishReason tokens }
  }
}
"""


async def init(socket: ClientConnection, token: str) -> Any:
    await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
    return json.loads(await socket.recv())


async def subscribe(socket: ClientConnection, query: str = CHAT, id: str = "1", **question: Any) -> None:
    payload = {"query": query, "variables": {"input": {"text": "the cat", "maxTokens": 12} | question}}
    await socket.send(json.dumps({"id": id, "type": "subscribe", "payload": payload}))


async def until_complete(socket: ClientConnection, id: str = "1") -> list[Any]:
    events = []
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 30))
        if message.get("id") != id:
            continue
        if message["type"] == "complete":
            return events
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        events.append(message["payload"]["data"]["chat"])


async def close_code(socket: ClientConnection) -> int | None:
    """The code with which the server closes the socket; what it sends before is passed over."""
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 30)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def until_idle(api: RunningApi) -> None:
    """The reply is no longer computed: the model makes no further steps."""
    engine, before = api.services.models.current.engine, -1
    for _ in range(200):
        steps = await asyncio.to_thread(api.call, engine.steps())
        if steps == before and not (engine.stats().active or api.services.limits._held["generation"]):
            return
        before = steps
        await asyncio.sleep(0.1)
    raise AssertionError("still computing")


async def test_a_socket_from_before_an_erasure_answers_no_more(api: RunningApi) -> None:
    user = api.user()
    before = api.token(user)
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        assert (await init(socket, before))["type"] == "connection_ack"
        await subscribe(socket)
        assert await until_complete(socket)
        await asyncio.to_thread(api.data, user, 'mutation { eraseMyData(confirm: "ERASE") { id } }')
        await subscribe(socket, id="2")
        refused = json.loads(await asyncio.wait_for(socket.recv(), 30))
    assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
    for token, code in ((before, 4403), (api.token(user), None)):
        async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
            if code is None:
                assert json.loads(await socket.recv())["type"] == "connection_ack"
            else:
                assert await close_code(socket) == code


async def test_a_reply_streams_and_is_kept(api: RunningApi) -> None:
    user = api.user()
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        assert (await init(socket, api.token(user)))["type"] == "connection_ack"
        await subscribe(socket)
        events = await until_complete(socket)
    assert [event["__typename"] for event in events[:1] + events[-1:]] == ["ChatStarted", "ChatEnded"]
    pieces = [event["text"] for event in events[1:-1]]
    assert len(pieces) > 1
    assert "".join(pieces) == events[-1]["whole"]
    query = "query($id: ID!) { conversation(id: $id) { turns { role content } } }"
    turns = api.data(user, query, {"id": events[0]["conversationId"]})["conversation"]["turns"]
    assert turns == [
        {"role": "user", "content": "the cat"},
        {"role": "assistant", "content": events[-1]["whole"]},
    ]


async def test_several_replies_on_one_socket_do_not_mix(api: RunningApi) -> None:
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(api.user()))
        await subscribe(socket, id="a", text="the cat")
        await subscribe(socket, id="b", text="the dog", maxTokens=3)
        done: dict[str, Any] = {}
        while len(done) < 2:
            message = json.loads(await asyncio.wait_for(socket.recv(), 30))
            if message["type"] == "next" and message["payload"]["data"]["chat"]["__typename"] == "ChatEnded":
                done[message["id"]] = message["payload"]["data"]["chat"]["tokens"]
    assert done == {"a": 12, "b": 3}


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
async def test_without_a_token_that_holds_the_socket_is_closed(api: RunningApi, token: str) -> None:
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert await close_code(socket) == 4403


@pytest.mark.parametrize("payload", [None, [], "x", {}, {"authorization": 7}])
async def test_a_payload_without_a_token_closes_the_socket(api: RunningApi, payload: Any) -> None:
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert await close_code(socket) in (4400, 4403)


async def test_subscribing_before_signing_in_closes_the_socket(api: RunningApi) -> None:
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await subscribe(socket)
        assert await close_code(socket) == 4401


async def test_a_socket_that_never_signs_in_is_closed(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleo_serving.api.graphql.socket.INIT_SECONDS", 0.2)
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        assert await close_code(socket) == 4408


async def test_the_end_of_the_token_is_the_end_of_the_socket(api: RunningApi) -> None:
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        ack = await init(socket, api.token(api.user(), seconds=2))
        assert ack["payload"]["expiresAt"] > 0
        await subscribe(socket, maxTokens=512, temperature=1.5)
        assert await close_code(socket) == 4401
    await until_idle(api)


@pytest.mark.parametrize("how", ["complete", "close", "abort"])
async def test_a_client_that_goes_away_stops_its_compute(api: RunningApi, how: str) -> None:
    engine = api.services.models.current.engine
    before = engine.stats()
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(api.user()))
        await subscribe(socket, maxTokens=512, temperature=1.5)
        for _ in range(3):
            await socket.recv()
        if how == "complete":
            await socket.send(json.dumps({"id": "1", "type": "complete"}))
        elif how == "abort":
            socket.transport.abort()
        if how != "close":
            await until_idle(api)
    await until_idle(api)
    after = engine.stats()
    assert after.aborted == before.aborted + 1
    assert after.tokens - before.tokens < 512


async def test_what_was_shown_before_the_client_went_away_is_kept(api: RunningApi) -> None:
    user = api.user()
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(user))
        await subscribe(socket, maxTokens=512, temperature=1.5)
        events = [json.loads(await socket.recv())["payload"]["data"]["chat"] for _ in range(4)]
    await until_idle(api)
    query = "query($id: ID!) { conversation(id: $id) { turns { content } } }"
    turns = api.data(user, query, {"id": events[0]["conversationId"]})["conversation"]["turns"]
    assert turns[0]["content"] == "the cat"
    assert turns[1]["content"].startswith("".join(event["text"] for event in events[1:]))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ health { ready } }", "BAD_REQUEST"),
        ('mutation { remember(input: {content: "x"}) { id } }', "BAD_REQUEST"),
        ("subscription { __schema { types { name } } }", "QUERY_REJECTED"),
        ("subscription { ...a } fragment a on Subscription { ...a }", "QUERY_REJECTED"),
        ("subscription {", "QUERY_REJECTED"),
        ("subscription { chat(input: {text: 7}) { __typename } }", "BAD_QUERY"),
        ("subscription { chta(input: {}) { __typename } }", "BAD_QUERY"),
        ('subscription { chat(input: {text: " "}) { __typename } }', "INPUT"),
        ('subscription { chat(input: {text: "a", conversationId: "nope"}) { __typename } }', "NOT_FOUND"),
    ],
)
async def test_an_operation_that_is_refused_leaves_the_socket_open(api: RunningApi, query: str, code: str) -> None:
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(api.user()))
        await socket.send(json.dumps({"id": "x", "type": "subscribe", "payload": {"query": query}}))
        message = json.loads(await asyncio.wait_for(socket.recv(), 30))
        errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        assert errors[0]["extensions"]["code"] == code
        assert set(errors[0]) <= {"message", "extensions", "path"}
        if message["type"] != "error":
            assert json.loads(await socket.recv())["type"] == "complete"
        await subscribe(socket, id="y")
        assert (await until_complete(socket, "y"))[-1]["__typename"] == "ChatEnded"


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[]",
        "7",
        "null",
        '{"type": 7}',
        '{"type": "nope"}',
        "{}",
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": 7, "payload": {}}',
        '{"type": "complete"}',
        '{"a":' * 3000 + "1" + "}" * 3000,
        '{"type": "ping", "payload": ' + "9" * 5000 + "}",
        '{"type": "ping", "payload": "\\ud800"}',
        b"\x00\x01",
    ],
)
async def test_a_message_that_is_none_closes_this_socket_and_no_other(api: RunningApi, message: str | bytes) -> None:
    async with (
        connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as bad,
        connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as good,
    ):
        await init(bad, api.token(api.user()))
        await init(good, api.token(api.user()))
        await bad.send(message)
        assert await close_code(bad) == 4400
        await subscribe(good)
        assert (await until_complete(good))[-1]["__typename"] == "ChatEnded"


async def test_a_message_above_the_limit_closes_the_socket(api: RunningApi) -> None:
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(api.user()))
        await socket.send("x" * 70_000)
        assert await close_code(socket) in (1009, 4400)


async def test_the_old_protocol_and_none_are_refused(api: RunningApi) -> None:
    for protocols in ([Subprotocol("graphql-ws")], None):
        async with connect(api.socket_url, subprotocols=protocols, close_timeout=1) as socket:
            assert await close_code(socket) == 4406


async def test_a_page_of_another_origin_cannot_connect(api: RunningApi) -> None:
    host = api.url.removeprefix("http://")
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1, origin=f"http://{host}") as socket:  # type: ignore[arg-type]
        assert (await init(socket, api.token(api.user())))["type"] == "connection_ack"
    with pytest.raises(InvalidStatus) as refused:
        async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1, origin="https://evil.example"):  # type: ignore[arg-type]
            pass
    assert refused.value.response.status_code == 403


async def test_a_user_has_so_many_sockets_and_no_more(api: RunningApi) -> None:
    user = api.user()
    limit = api.services.settings.rate.sockets_per_user
    sockets = [await connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) for _ in range(limit + 1)]
    try:
        for socket in sockets[:limit]:
            assert (await init(socket, api.token(user)))["type"] == "connection_ack"
        await sockets[limit].send(
            json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {api.token(user)}"}})
        )
        assert await close_code(sockets[limit]) == 4429
        await sockets[0].close()
        async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as another:
            assert (await init(another, api.token(api.user())))["type"] == "connection_ack"
    finally:
        for socket in sockets:
            await socket.close()


async def test_a_socket_has_so_many_subscriptions_and_the_next_one_is_told_so(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many as replies may be in the making for one user, so that none of them ends early.
    monkeypatch.setattr("cleo_serving.api.graphql.socket.SUBSCRIPTIONS", 2)
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(api.user()))
        for number in range(3):
            await subscribe(socket, id=str(number), maxTokens=512)
        while True:
            message = json.loads(await asyncio.wait_for(socket.recv(), 30))
            if message["id"] == "2":
                break
        assert message["type"] == "error"
        (error,) = message["payload"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert "2 subscriptions" in error["message"]
    await until_idle(api)


async def test_a_user_has_so_many_replies_in_the_making_and_no_more(api: RunningApi) -> None:
    limit = api.services.settings.rate.generations_per_user
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(api.user()))
        for number in range(limit + 1):
            await subscribe(socket, id=str(number), maxTokens=64)
        refused = set()
        ended = set()
        while len(refused) + len(ended) < limit + 1:
            message = json.loads(await asyncio.wait_for(socket.recv(), 30))
            if message["type"] == "error" or "errors" in (message.get("payload") or {}):
                errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
                assert errors[0]["extensions"]["code"] == "RATE_LIMITED"
                refused.add(message["id"])
            elif message["type"] == "next" and message["payload"]["data"]["chat"]["__typename"] == "ChatEnded":
                ended.add(message["id"])
    assert len(refused) == 1
    assert len(ended) == limit


ONCE = CHAT.replace("$input: AskInput!", "$input: AskInput!, $key: String").replace(
    "input: $input", "input: $input, idempotencyKey: $key"
)


async def ask_once(socket: ClientConnection, id: str, key: str = "k", **question: Any) -> None:
    variables = {"input": {"text": "the cat", "maxTokens": 12, "temperature": 0} | question, "key": key}
    payload = {"query": ONCE, "variables": variables}
    await socket.send(json.dumps({"id": id, "type": "subscribe", "payload": payload}))


async def test_a_question_that_is_streamed_again_under_its_key_is_answered_as_before(api: RunningApi) -> None:
    user = api.user()
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(user))
        await ask_once(socket, "1")
        first = await until_complete(socket)
        assert [event["__typename"] for event in first][:: len(first) - 1] == ["ChatStarted", "ChatEnded"]
        assert len(first) > 3
        await ask_once(socket, "2")
        again = await until_complete(socket, "2")
        assert again == [first[0], {"__typename": "ChatToken", "text": first[-1]["whole"]}, first[-1]]
        # By the other door it is the same question; under another key a new one; another question is refused.
        fetched = 'mutation($i: AskInput!) { ask(input: $i, idempotencyKey: "k") { id } }'
        asked = {"i": {"text": "the cat", "maxTokens": 12, "temperature": 0}}
        reply = await asyncio.to_thread(api.data, user, fetched, asked)
        assert reply["ask"]["id"] == first[0]["provenance"]["replyId"]
        await ask_once(socket, "3", key="another")
        assert (await until_complete(socket, "3"))[0]["conversationId"] != first[0]["conversationId"]
        await ask_once(socket, "4", text="the dog")
        message = json.loads(await socket.recv())
        assert message["payload"]["errors"][0]["extensions"]["code"] == "REQUEST_MISMATCH"


async def test_a_client_that_lost_its_stream_gets_the_whole_reply_under_its_key(api: RunningApi) -> None:
    user = api.user()
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(user))
        await ask_once(socket, "1", maxTokens=200)
        await socket.recv()
        socket.transport.abort()
    async with connect(api.socket_url, subprotocols=PROTOCOL, close_timeout=1) as socket:
        await init(socket, api.token(user))
        await ask_once(socket, "1", maxTokens=200)
        events = await until_complete(socket)
    assert events[-1]["finishReason"] in ("LENGTH", "STOP", "REPETITION")  # and not that it was broken off
    conversations = await asyncio.to_thread(api.data, user, "{ conversations { edges { node { id } } } }")
    assert len(conversations["conversations"]["edges"]) == 1
