"""The API as a client sees it: real HTTP, real model, real memory."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.serving_server import RunningApi

pytestmark = pytest.mark.integration

ASK = """
mutation Ask($input: AskInput!) {
  ask(input: $input) {
    id text finishReason conversationId tokens promptTokens
    provenance { replyId modelName modelVersion bundleDigest approvalId approvedBy memories { id kind score why } }
  }
}
"""
REMEMBER = "mutation($c: String!) { remember(input: {content: $c}) { id kind content } }"


def ask(api: RunningApi, user: str, text: str, **more: object) -> dict[str, object]:
    return api.data(user, ASK, {"input": {"text": text, "maxTokens": 8, **more}})["ask"]


def test_a_reply_carries_its_provenance_and_can_be_looked_up(api: RunningApi) -> None:
    from cleo_core.proof import replies

    user = api.user()
    note = api.data(user, REMEMBER, {"c": "The old dog is called Biscuit."})["remember"]
    reply = ask(api, user, "What is the old dog called?")
    proof = reply["provenance"]
    assert proof["replyId"] == reply["id"]
    assert [memory["id"] for memory in proof["memories"]] == [note["id"]]
    assert proof["memories"][0]["why"]
    assert len(proof["bundleDigest"]) == 64
    kept = replies.find(reply["id"])
    assert kept is not None
    assert (kept.bundle_digest, list(kept.memories)) == (proof["bundleDigest"], [note["id"]])


def test_a_conversation_goes_on_and_is_listed(api: RunningApi) -> None:
    user = api.user()
    # Enough tokens for something to be seen: a model of noise also writes blanks, and an empty reply is no turn.
    first = ask(api, user, "the cat", maxTokens=48)
    second = ask(api, user, "the dog", conversationId=first["conversationId"], maxTokens=48)
    assert second["conversationId"] == first["conversationId"]
    assert second["promptTokens"] > first["promptTokens"]
    turns = api.data(
        user, "query($id: ID!) { conversation(id: $id) { turns { role content } } }", {"id": first["conversationId"]}
    )["conversation"]["turns"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant"]
    assert [turn["content"] for turn in turns[::2]] == ["the cat", "the dog"]
    listed = api.data(user, "{ conversations { edges { node { id turnCount } } pageInfo { hasNextPage } } }")
    assert listed["conversations"]["edges"] == [{"node": {"id": first["conversationId"], "turnCount": 4}}]
    assert listed["conversations"]["pageInfo"] == {"hasNextPage": False}


def test_pages_give_every_memory_once_from_any_cursor(api: RunningApi) -> None:
    user = api.user()
    made = [api.data(user, REMEMBER, {"c": f"note {number}"})["remember"]["id"] for number in range(7)]
    query = (
        "query($n: Int, $a: String) { memories(first: $n, after: $a) "
        "{ edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }"
    )
    seen: list[str] = []
    after, more = None, True
    while more:
        page = api.data(user, query, {"n": 3, "a": after})["memories"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == made[::-1]
    first = api.data(user, query, {"n": 3})["memories"]["edges"]
    rest = api.data(user, query, {"n": 100, "a": first[1]["cursor"]})["memories"]["edges"]
    assert [edge["node"]["id"] for edge in rest] == made[::-1][2:]


def test_memories_are_found_and_forgotten(api: RunningApi) -> None:
    user = api.user()
    id = api.data(user, REMEMBER, {"c": "Ann is allergic to peanuts."})["remember"]["id"]
    api.data(user, REMEMBER, {"c": "The river is blue."})
    search = '{ searchMemories(query: "peanuts", limit: 3) { score memory { id content } parts { name value } } }'
    hits = api.data(user, search)["searchMemories"]
    assert hits[0]["memory"] == {"id": id, "content": "Ann is allergic to peanuts."}
    assert hits[0]["parts"]
    assert api.data(user, f'{{ memory(id: "{id}") {{ content }} }}')["memory"]["content"].startswith("Ann")
    assert api.data(user, "mutation($i: [ID!]!) { forget(ids: $i) { count } }", {"i": [id]})["forget"]["count"] == 1
    assert api.data(user, search)["searchMemories"] == []
    left = api.data(user, search.replace("peanuts", "river"))["searchMemories"]
    assert [hit["memory"]["content"] for hit in left] == ["The river is blue."]


def test_a_preference_replaces_its_predecessor_and_stands_before_the_model(api: RunningApi) -> None:
    user = api.user()
    setting = 'mutation($v: String!) { setPreference(key: "tea", value: $v) { key value } }'
    api.data(user, setting, {"v": "green"})
    api.data(user, setting, {"v": "black"})
    assert api.data(user, "{ preferences { key value } }")["preferences"] == [{"key": "tea", "value": "black"}]
    memories = ask(api, user, "sun")["provenance"]["memories"]
    assert [memory["kind"] for memory in memories] == ["preference"]


def test_a_session_that_goes_in_circles_shapes_the_reply_and_the_reply_says_so(api: RunningApi) -> None:
    user, other = api.user(), api.user()
    query = ASK.replace("provenance {", "provenance { session { detector score why } guidance")
    question = "How do I reset the password of the old river?"

    def circle(user: str, conversation: str | None = None) -> dict[str, Any]:
        asked = {"text": question, "maxTokens": 8, "conversationId": conversation}
        return api.data(user, query, {"input": asked})["ask"]

    replies = [circle(user)]
    replies += [circle(user, replies[0]["conversationId"]) for _ in range(2)]
    assert [bool(reply["provenance"]["session"]) for reply in replies] == [False, False, True]
    assert replies[1]["provenance"]["guidance"] == ""
    last = replies[2]["provenance"]
    assert last["session"] == [{"detector": "loop", "score": 0.6, "why": "3 of the last 3 turns are alike"}]
    assert "do not repeat" in last["guidance"]
    assert circle(other)["provenance"]["session"] == []  # nobody else's session is touched
    memory = api.services.memory
    turns = api.call(memory.window(user, replies[0]["conversationId"]))
    assert [turn.provenance.get("session") for turn in turns if turn.speaker == "assistant"] == [None, None, "loop"]
    # A process that does not know the session, as after a restart, sees it from the conversation.
    memory.shadow.end(user, replies[0]["conversationId"])
    again = circle(user, replies[0]["conversationId"])
    assert again["provenance"]["session"][0]["why"] == "4 of the last 4 turns are alike"
    forget = "mutation($i: [ID!]!) { forget(ids: $i) { count } }"
    assert api.data(user, forget, {"i": [turns[0].id]})["forget"]["count"] == 1
    assert not memory.shadow.knows(user, replies[0]["conversationId"])
    again = circle(user, replies[0]["conversationId"])
    assert again["provenance"]["session"][0]["why"] == "4 of the last 4 turns are alike"  # of five, one is forgotten
    assert memory.shadow.knows(user, replies[0]["conversationId"])
    api.data(user, 'mutation { eraseMyData(confirm: "ERASE") { id } }')
    assert not memory.shadow.knows(user, replies[0]["conversationId"])


def test_export_has_everything_and_erasure_leaves_nothing(api: RunningApi) -> None:
    user = api.user()
    api.data(user, REMEMBER, {"c": "canary-4711"})
    ask(api, user, "the cat")
    export = api.data(user, "mutation { exportMyData { lines sha256 content } }")["exportMyData"]
    assert "canary-4711" in export["content"]
    assert all(json.loads(line) for line in export["content"].splitlines())
    erase = "mutation($c: String!) { eraseMyData(confirm: $c) { id memories keysDestroyed envelope } }"
    refused = api.post(user, erase, {"c": "yes"}).json()
    assert refused["errors"][0]["extensions"]["code"] == "INPUT"
    receipt = api.data(user, erase, {"c": "ERASE"})["eraseMyData"]
    assert receipt["memories"] >= 3
    assert receipt["keysDestroyed"] >= 1
    assert api.data(user, "{ memoryStats { memories conversations } }")["memoryStats"]["memories"] == 0
    assert api.data(user, "mutation { exportMyData { content } }")["exportMyData"]["content"].count("canary") == 0


def test_model_and_health_are_told(api: RunningApi) -> None:
    told = api.data(api.user(), "{ model { version signed architecture contextTokens } health { ready modelVersion } }")
    assert told["model"] == {
        "version": "unsigned",
        "signed": False,
        "architecture": "LlamaForCausalLM",
        "contextTokens": 1024,
    }
    assert told["health"] == {"ready": True, "modelVersion": "unsigned"}
    assert api.client.get(f"{api.url}/health").json() == {"status": "ready", "model_version": "unsigned"}
    assert api.client.get(f"{api.url}/health/live").json() == {"status": "alive"}
    assert api.client.get(f"{api.url}/health/detailed").status_code == 401
    detailed = api.client.get(f"{api.url}/health/detailed", headers=api.headers("ann")).json()
    assert detailed["engine"]["architecture"] == "LlamaForCausalLM"


def test_metrics_name_no_user(api: RunningApi) -> None:
    user = api.user()
    ask(api, user, "the cat")
    text = api.client.get(f"{api.url}/metrics").text
    assert 'cleo_requests_total{field="ask",outcome="ok"}' in text
    assert "cleo_engine_healthy 1.0" in text
    assert user not in text


def test_many_users_at_once_each_get_their_own_reply(api: RunningApi) -> None:
    users = [api.user() for _ in range(6)]
    for user in users:
        api.data(user, REMEMBER, {"c": f"the secret of {user}"})
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda user: ask(api, user, "what is the secret"), users))
    own = [
        {edge["node"]["id"] for edge in api.data(user, "{ memories { edges { node { id } } } }")["memories"]["edges"]}
        for user in users
    ]
    for reply, ids in zip(replies, own, strict=True):
        used = {memory["id"] for memory in reply["provenance"]["memories"]}
        assert used
        assert used <= ids
    assert len({reply["id"] for reply in replies}) == 6


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "  "}, "text is empty"),
        ({"text": "x" * 9000}, "longer than"),
        ({"text": "x", "temperature": 3}, "temperature must be"),
        ({"text": "x", "maxTokens": 0}, "maxTokens must be"),
        ({"text": "x\x00y"}, "cannot be stored"),
    ],
)
def test_a_question_out_of_bounds_is_refused_with_the_bound(
    api: RunningApi, given: dict[str, object], message: str
) -> None:
    told = api.post(api.user(), ASK, {"input": given}).json()
    assert told["errors"][0]["extensions"]["code"] == "INPUT"
    assert message in told["errors"][0]["message"]
    assert set(told["errors"][0]["extensions"]) == {"code", "requestId"}


def test_forgetting_more_than_a_hundred_at_once_is_refused_whole(api: RunningApi) -> None:
    user = api.user()
    id = api.data(user, 'mutation { remember(input: {content: "the last of many"}) { id } }')["remember"]["id"]
    forget = "mutation($i: [ID!]!) { forget(ids: $i) { count } }"
    told = api.post(user, forget, {"i": ["0" * 26] * 100 + [id]}).json()
    assert told["errors"][0]["extensions"]["code"] == "INPUT"
    assert "101" in told["errors"][0]["message"]
    assert api.data(user, forget, {"i": ["0" * 26] * 99 + [id]})["forget"]["count"] == 1
