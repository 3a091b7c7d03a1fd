"""Limits of texts: in characters, reached in any script, however they are escaped; the model's own in tokens."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.serving_server import RunningApi

pytestmark = pytest.mark.integration

ASK = "mutation($input: AskInput!) { ask(input: $input) { promptTokens provenance { memories { id } } } }"
REMEMBER = "mutation($c: String!) { remember(input: {content: $c}) { id } }"


def escaped(api: RunningApi, user: str, query: str, variables: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """As many clients send it: every sign that is not ASCII as ``\\uXXXX``."""
    body = json.dumps({"query": query, "variables": variables})
    headers = {**api.headers(user), "Content-Type": "application/json"}
    response = api.client.post(f"{api.url}/graphql", content=body, headers=headers)
    return response.status_code, response.json()


@pytest.mark.parametrize("sign", ["犬", "🐕", "é", "x"])
def test_the_longest_memory_is_kept_in_any_script(api: RunningApi, sign: str) -> None:
    status, told = escaped(api, api.user(), REMEMBER, {"c": sign * 20_000})
    assert (status, "errors" in told) == (200, False)
    status, told = escaped(api, api.user(), REMEMBER, {"c": sign * 20_001})
    assert "content has 20001 characters, which is longer than the 20000" in told["errors"][0]["message"]


def test_a_question_that_the_model_cannot_hold_is_refused_with_both_numbers(api: RunningApi) -> None:
    _, told = escaped(api, api.user(), ASK, {"input": {"text": "🐕" * 8_000}})
    error = told["errors"][0]
    assert error["extensions"]["code"] == "INPUT"
    found = re.fullmatch(r"The message has (\d+) tokens, there is room for (\d+)\.", error["message"])
    assert found is not None
    assert int(found[1]) > int(found[2]) > 0


def test_a_question_is_taken_whatever_its_user_told_before(api: RunningApi) -> None:
    """Notes shrink before a question is refused: what a user without memories may ask, one with twelve may too."""
    novice, old = api.user(), api.user()
    for n in range(12):
        api.data(old, REMEMBER, {"c": f"I keep the dog number {n} in the garden, the park and the house."})
    asked = "the dog in the park "
    told = escaped(api, novice, ASK, {"input": {"text": asked * 390, "maxTokens": 4}})[1]
    size, room = map(int, re.findall(r"\d+", told["errors"][0]["message"]))
    most = asked * int(0.97 * 390 * room / size)
    for user in (novice, old):
        given = escaped(api, user, ASK, {"input": {"text": most, "maxTokens": 4}})[1]
        assert "errors" not in given, given
    short = api.data(old, ASK, {"input": {"text": asked, "maxTokens": 4}})["ask"]
    assert short["provenance"]["memories"]
