"""What a user may do with their memory through the API: put right, delete, unset, page, ask about then."""

from __future__ import annotations

import dataclasses
import json
import re
import types
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import httpx
import pytest

from tests.serving_server import RunningApi

pytestmark = pytest.mark.integration
REMEMBER = "mutation($i: RememberInput!) { remember(input: $i) { id content validFrom expiresAt version } }"
EDIT = (
    "mutation($id: ID!, $i: EditInput!) { editMemory(id: $id, input: $i) { id content validFrom expiresAt version } }"
)
ASK = "mutation($i: AskInput!) { ask(input: $i) { conversationId } }"
TURNS = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  turns(conversationId: $id, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { role content } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


def days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def refused(api: RunningApi, user: str, query: str, variables: dict[str, Any] | None = None) -> tuple[str, str]:
    told = api.post(user, query, variables).json()
    error = told["errors"][0]
    return error["extensions"]["code"], error["message"]


def test_a_memory_is_put_right_in_its_place(api: RunningApi) -> None:
    user, other = api.user(), api.user()
    kept = api.data(user, REMEMBER, {"i": {"content": "The dog is Biscuit.", "at": days_ago(9)}})["remember"]
    fresh = api.data(user, EDIT, {"id": kept["id"], "i": {"content": "The dog is Waffle."}})["editMemory"]
    assert fresh == kept | {"content": "The dog is Waffle.", "version": 2}
    search = '{ searchMemories(query: "the dog Biscuit") { memory { content } } }'
    found = [hit["memory"]["content"] for hit in api.data(user, search)["searchMemories"]]
    assert found == ["The dog is Waffle."]
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    edited = api.data(user, EDIT, {"id": kept["id"], "i": {"expiresAt": soon}})["editMemory"]
    assert edited["expiresAt"] is not None
    assert api.data(user, EDIT, {"id": kept["id"], "i": {"importance": 0.9}})["editMemory"]["expiresAt"] is not None
    assert api.data(user, EDIT, {"id": kept["id"], "i": {"expiresAt": None}})["editMemory"]["expiresAt"] is None
    assert refused(api, other, EDIT, {"id": kept["id"], "i": {"content": "mine"}})[0] == "NOT_FOUND"
    assert refused(api, user, EDIT, {"id": kept["id"], "i": {}})[0] == "INPUT"
    assert "past" in refused(api, user, EDIT, {"id": kept["id"], "i": {"expiresAt": days_ago(1)}})[1]


def test_a_deleted_conversation_is_gone_with_its_turns(api: RunningApi) -> None:
    user, other = api.user(), api.user()
    id = api.data(user, ASK, {"i": {"text": "the cat", "maxTokens": 4}})["ask"]["conversationId"]
    kept = api.data(user, ASK, {"i": {"text": "the dog", "maxTokens": 4}})["ask"]["conversationId"]
    delete = "mutation($id: ID!) { deleteConversation(id: $id) { turns learned } }"
    assert refused(api, other, delete, {"id": id})[0] == "NOT_FOUND"
    assert api.data(user, delete, {"id": id})["deleteConversation"]["turns"] == 2
    assert refused(api, user, delete, {"id": id})[0] == "NOT_FOUND"
    assert refused(api, user, TURNS, {"id": id})[0] == "NOT_FOUND"
    assert refused(api, user, ASK, {"i": {"text": "go on", "conversationId": id}})[0] == "NOT_FOUND"
    listed = api.data(user, "{ conversations { edges { node { id } } } }")["conversations"]["edges"]
    assert listed == [{"node": {"id": kept}}]


def test_an_unset_preference_holds_no_more_and_its_past_can_be_asked_for(api: RunningApi) -> None:
    user = api.user()
    prefer = 'mutation($v: String!, $at: DateTime) { setPreference(key: "city", value: $v, at: $at) { value } }'
    api.data(user, prefer, {"v": "Porto", "at": days_ago(5)})
    api.data(user, prefer, {"v": "Lyon", "at": days_ago(400)})
    held = "query($at: DateTime) { preferences(at: $at) { key value until } }"
    assert [each["value"] for each in api.data(user, held)["preferences"]] == ["Porto"]
    assert [each["value"] for each in api.data(user, held, {"at": days_ago(100)})["preferences"]] == ["Lyon"]
    unset = 'mutation { unsetPreference(key: "city") { value until } }'
    ended = api.data(user, unset)["unsetPreference"]
    assert ended["value"] == "Porto"
    assert ended["until"] is not None
    assert api.data(user, unset)["unsetPreference"] is None
    assert api.data(user, held)["preferences"] == []
    assert [each["value"] for each in api.data(user, held, {"at": days_ago(1)})["preferences"]] == ["Porto"]


def test_a_conversation_is_paged_in_both_directions(api: RunningApi) -> None:
    user = api.user()
    for n in range(95):
        api.call(api.services.memory.append(user, "long", "user", f"turn {n}"))
    for ask, go, cursor, more in (
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ):
        seen: list[str] = []
        page: dict[str, Any] = {"pageInfo": {cursor: None, more: True}}
        while page["pageInfo"][more]:
            page = api.data(user, TURNS, {"id": "long", ask: 40, go: page["pageInfo"][cursor]})["turns"]
            part = [edge["node"]["content"] for edge in page["edges"]]
            seen = seen + part if ask == "first" else part + seen
        assert seen == [f"turn {n}" for n in range(95)]
    latest = api.data(user, TURNS, {"id": "long"})["turns"]
    assert [edge["node"]["content"] for edge in latest["edges"]][-1] == "turn 94"
    assert latest["pageInfo"]["hasPreviousPage"]
    middle = latest["edges"][3]["cursor"]
    rest = api.data(user, TURNS, {"id": "long", "first": 1, "after": middle})["turns"]["edges"]
    assert rest == latest["edges"][4:5]
    assert refused(api, user, TURNS, {"id": "long", "first": 5, "last": 5})[0] == "INVALID_MEMORY"
    assert refused(api, user, TURNS, {"id": "long", "after": "x", "first": 5})[0] == "INPUT"
    assert refused(api, user, TURNS, {"id": "long", "first": 1000})[0] == "QUERY_REJECTED"
    assert refused(api, api.user(), TURNS, {"id": "long"})[0] == "NOT_FOUND"


def test_memories_are_asked_for_by_time(api: RunningApi) -> None:
    user = api.user()
    for days in (30, 3):
        api.data(user, REMEMBER, {"i": {"content": f"a note of {days} days ago", "at": days_ago(days)}})
    spans = "($since: DateTime, $until: DateTime, $at: DateTime)"
    given = "since: $since, until: $until, at: $at"
    listed = f"query{spans} {{ memories({given}) {{ edges {{ node {{ content }} }} }} }}"
    found = f'query{spans} {{ searchMemories(query: "note", {given}) {{ memory {{ content }} }} }}'
    for variables, days in (
        ({"since": days_ago(10)}, 3),
        ({"until": days_ago(10)}, 30),
        ({"at": days_ago(10)}, 30),
    ):
        wanted = [f"a note of {days} days ago"]
        assert [each["node"]["content"] for each in api.data(user, listed, variables)["memories"]["edges"]] == wanted
        assert [hit["memory"]["content"] for hit in api.data(user, found, variables)["searchMemories"]] == wanted
    code, message = refused(api, user, listed, {"at": "2026-01-01T00:00:00"})
    assert (code, "zone" in message) == ("INVALID_MEMORY", True)
    assert (
        refused(api, user, REMEMBER, {"i": {"content": "x", "at": "0001-01-01T00:00:00+14:00"}})[0] == "INVALID_MEMORY"
    )
    assert "past" in refused(api, user, REMEMBER, {"i": {"content": "x", "expiresAt": days_ago(1)}})[1]


def test_a_preference_without_a_key_is_refused_with_the_reason(api: RunningApi) -> None:
    user = api.user()
    code, message = refused(api, user, REMEMBER, {"i": {"content": "tea", "kind": "PREFERENCE"}})
    assert code == "INVALID_MEMORY"
    assert "setPreference" in message
    assert api.data(user, REMEMBER, {"i": {"content": "tea", "kind": "PROCEDURAL"}})["remember"]["content"] == "tea"


def test_the_policy_tells_what_bounds_a_memory_and_how_much_is_used(api: RunningApi) -> None:
    user = api.user()
    api.data(user, REMEMBER, {"i": {"content": "a note"}})
    query = "{ memoryPolicy { retention { kind days } everyMinutes quotaMemories quotaBytes memories bytes } }"
    told = api.data(user, query)["memoryPolicy"]
    settings = api.services.memory.settings
    assert (told["everyMinutes"], told["quotaMemories"]) == (settings.retain_every_minutes, settings.quota_memories)
    assert told["quotaBytes"] == settings.quota_bytes
    assert (told["memories"], len(told["retention"])) == (1, 4)
    assert told["bytes"] > 0


ONCE = """mutation($i: AskInput!, $k: String) { ask(input: $i, idempotencyKey: $k) {
  id text conversationId finishReason tokens provenance { replyId modelName memories { id why } session { score } } }
}"""


def test_a_question_sent_again_under_its_key_gets_the_same_reply_and_stands_once(api: RunningApi) -> None:
    user, other = api.user(), api.user()
    asked = {"i": {"text": "the cat", "maxTokens": 8, "temperature": 0}, "k": "k-1"}
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(lambda _: api.data(user, ONCE, asked)["ask"], range(3)))
    first = at_once[0]
    assert at_once == [first] * 3
    assert api.data(user, ONCE, asked)["ask"] == first
    turns = api.data(user, TURNS, {"id": first["conversationId"]})["turns"]["edges"]
    assert [edge["node"]["content"] for edge in turns] == ["the cat", first["text"]]
    assert refused(api, user, ONCE, {"i": {"text": "the dog"}, "k": "k-1"})[0] == "REQUEST_MISMATCH"
    assert api.data(other, ONCE, asked)["ask"]["id"] != first["id"]
    assert api.data(user, ONCE, asked | {"k": None})["ask"]["id"] != first["id"]
    assert refused(api, user, ONCE, asked | {"k": "x" * 129})[0] == "INPUT"
    delete = "mutation($id: ID!) { deleteConversation(id: $id) { turns } }"
    api.data(user, delete, {"id": first["conversationId"]})
    assert refused(api, user, ONCE, asked)[0] == "REPLY_GONE"
    assert refused(api, user, TURNS, {"id": first["conversationId"]})[0] == "NOT_FOUND"


def test_a_client_that_times_out_and_sends_again_gets_the_whole_reply(api: RunningApi) -> None:
    user = api.user()
    asked = {"i": {"text": "the cat", "maxTokens": 200}, "k": "k-1"}
    with pytest.raises(httpx.ReadTimeout):
        api.post(user, ONCE, asked, timeout=httpx.Timeout(10, read=0.05))
    reply = api.data(user, ONCE, asked)["ask"]
    assert reply["finishReason"] in ("LENGTH", "STOP")  # and not that it was broken off
    turns = api.data(user, TURNS, {"id": reply["conversationId"]})["turns"]["edges"]
    assert [edge["node"]["content"] for edge in turns] == ["the cat", reply["text"]]
    assert len(api.data(user, "{ conversations { edges { node { id } } } }")["conversations"]["edges"]) == 1


def test_a_memory_sent_again_under_its_key_is_kept_once(api: RunningApi) -> None:
    user = api.user()
    query = REMEMBER.replace("$i: RememberInput!", "$i: RememberInput!, $k: String").replace(
        "input: $i", "input: $i, idempotencyKey: $k"
    )
    given = {"i": {"content": "The boat leaves at noon."}, "k": "k-1"}
    first = api.data(user, query, given)["remember"]
    assert api.data(user, query, given)["remember"] == first
    assert api.data(user, "{ memoryStats { memories } }")["memoryStats"]["memories"] == 1
    assert refused(api, user, query, {"i": {"content": "At one."}, "k": "k-1"})[0] == "REQUEST_MISMATCH"
    assert refused(api, user, ONCE, {"i": {"text": "hm"}, "k": "k-1"})[0] == "REQUEST_MISMATCH"


def test_every_field_of_a_reply_comes_back_as_it_was() -> None:
    from cleo_serving.api.graphql.idempotency import read, written
    from cleo_serving.api.graphql.types import chat

    made = example(chat.Reply)
    assert read(chat.Reply, json.loads(written(made))) == made


def example(kind: Any) -> Any:
    """A value of a type of the schema, with something in every field."""
    if dataclasses.is_dataclass(kind):
        return kind(**{name: example(each) for name, each in get_type_hints(kind).items()})  # type: ignore[operator]
    if get_origin(kind) is list:
        return [example(get_args(kind)[0])]
    if get_origin(kind) in (Union, types.UnionType):
        return example(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)[-1]
    return {str: "ä", int: 7, float: 0.5, bool: True, datetime: datetime.now(UTC)}.get(kind, "id")


def test_a_user_keeps_so_much_and_is_told_both_numbers(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    user, other = api.user(), api.user()
    monkeypatch.setattr(api.services.memory.settings, "quota_memories", 2)
    for n in range(2):
        api.data(user, REMEMBER, {"i": {"content": f"note {n}"}})
    code, message = refused(api, user, REMEMBER, {"i": {"content": "one too many"}})
    assert (code, "3 memories; 2" in message) == ("QUOTA_EXCEEDED", True)
    assert refused(api, user, ASK, {"i": {"text": "the cat", "maxTokens": 4}})[0] == "QUOTA_EXCEEDED"
    assert api.data(user, "{ memoryPolicy { quotaMemories memories } }")["memoryPolicy"] == {
        "quotaMemories": 2,
        "memories": 2,
    }
    assert api.data(other, ASK, {"i": {"text": "the cat", "maxTokens": 4}})["ask"]["conversationId"]


def test_the_page_on_the_api_names_every_root_field_and_the_guard_prices_every_write() -> None:
    from cleo_serving.api.graphql.schema import make_schema
    from cleo_serving.security.query.measure import FIELD_COST

    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    schema = make_schema(debug=False)._schema
    assert schema.query_type
    assert schema.mutation_type
    assert schema.subscription_type
    for kind in (schema.query_type, schema.mutation_type, schema.subscription_type):
        missing = [name for name in kind.fields if not re.search(rf"`{name}\b", page)]
        assert missing == []
    assert set(schema.mutation_type.fields) - {"forget"} <= set(FIELD_COST)
