"""Conversations in every form that people have become messages, or are refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cleo_model.corpus.record import checked_messages, render
from cleo_model.corpus.sources.messages import CUT, LONGEST, MERGED, OPENING, PARTS, TOOLS
from cleo_model.corpus.sources.rows import UNANSWERED
from cleo_model.errors import MalformedRecord, SourceError
from tests.unit.corpus.conftest import TALK, Read, read

pytestmark = pytest.mark.unit

SHORT = {"role": "system", "content": "Be short."}
CALLED = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def rows(tmp_path: Path, *values: Any, **changes: Any) -> Read:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return read(path, **changes)


FORMS = {
    "openai": {"messages": TALK},
    "sharegpt": {
        "id": "c0",
        "conversations": [{"from": "human", "value": "Is it clean?"}, {"from": "gpt", "value": "It is clean."}],
    },
    "alpaca": {"instruction": "Is it clean?", "input": "", "output": "It is clean."},
    "dolly": {"instruction": "Is it clean?", "context": "", "response": "It is clean.", "category": "qa"},
    "pair": {"prompt": "Is it clean?", "completion": "It is clean."},
    "question": {"question": "Is it clean?", "answer": "It is clean."},
    "preference": {"prompt": "Is it clean?", "chosen": "It is clean.", "rejected": "Who knows."},
    "preference of messages": {"chosen": TALK, "rejected": TALK, "prompt": "Is it clean?"},
    "conversational pair": {"prompt": TALK[:1], "completion": TALK[1:]},
    "JSON within a string": {"messages": json.dumps(TALK)},
    "columns": {"messages": {"role": ["user", "assistant"], "content": ["Is it clean?", "It is clean."]}},
    "parts": {"messages": [user([{"type": "text", "text": "Is it clean?"}]), assistant([{"text": "It is clean."}])]},
    "only a list": TALK,
    "exchanges": {"conversation": [{"human": "Is it clean?", "assistant": "It is clean."}]},
    "pairs of texts": {"conversations": [["Is it clean?", "It is clean."]]},
    "texts in turn": {"dialog": ["Is it clean?", "It is clean."]},
    "content of parts": {"messages": [user({"parts": ["Is it clean?"]}), assistant({"text": "It is clean."})]},
}


@pytest.mark.parametrize("name", FORMS)
def test_a_conversation_is_read_in_the_form_it_has(tmp_path: Path, name: str) -> None:
    assert rows(tmp_path, FORMS[name]).talks == [TALK]
    whole = tmp_path / "a.json"
    whole.write_text(json.dumps([FORMS[name], FORMS[name]] if isinstance(FORMS[name], dict) else FORMS[name], indent=2))
    assert read(whole).talks == [TALK] * (2 if isinstance(FORMS[name], dict) else 1)


def test_an_alpaca_input_stands_below_the_instruction_and_a_system_prompt_before_it(tmp_path: Path) -> None:
    row = {"instruction": "Translate.", "input": "Het is schoon.", "output": "It is clean.", "system": "Be short."}
    (talk,) = rows(tmp_path, row).talks
    assert talk == [SHORT, user("Translate.\n\nHet is schoon."), TALK[1]]


def test_text_and_messages_in_one_file_are_both_read(tmp_path: Path) -> None:
    found = rows(tmp_path, {"text": "A text."}, {"messages": TALK}, {"text": "Another.", "messages": None})
    assert found.texts == ["A text.", "", "Another."]
    assert found.talks == [None, TALK, None]


@pytest.mark.parametrize(
    ("messages", "left", "change"),
    [
        ([assistant("Welcome."), *TALK], TALK, OPENING),
        ([user("Is it"), user("clean?"), TALK[1]], [user("Is it\n\nclean?"), TALK[1]], MERGED),
        (
            [{"role": "developer", "content": "Be short."}, *TALK],
            [{"role": "system", "content": "Be short."}, *TALK],
            "",
        ),
        (
            [TALK[0], assistant(None, tool_calls=[CALLED]), {"role": "tool", "content": "yes"}, TALK[1]],
            TALK,
            TOOLS,
        ),
        (
            [user([{"type": "image_url", "image_url": {}}, {"type": "text", "text": "Is it clean?"}]), TALK[1]],
            TALK,
            PARTS,
        ),
    ],
)
def test_what_can_be_made_a_conversation_is_and_it_is_counted_or_stops_by_setting(
    tmp_path: Path, messages: list[Any], left: list[Any], change: str
) -> None:
    found = rows(tmp_path, {"messages": messages})
    assert found.talks == [left]
    checked_messages(found.talks[0], "record")
    assert list(found.account.changed) == ([change] if change else [])
    if change:
        with pytest.raises(MalformedRecord, match=r"a\.jsonl:1 could be used with a change only"):
            rows(tmp_path, {"messages": messages}, on_error="stop")
    else:
        assert rows(tmp_path, {"messages": messages}, on_error="stop").talks == [left]


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ("hi there", "text that is no JSON"),
        ([*TALK, user(" ")], "message 3 has no content"),
        ([TALK[0], assistant(None)], "message 2 has no content"),
        ([*TALK, {"role": "system", "content": "late"}], "message 3 is a system message in the midst"),
        ([{"role": "narrator", "content": "x"}], "message 1 has the role 'narrator'"),
        ([{"content": "x"}], "message 1 has no role"),
        ([5], "message 1 is not an object"),
        ([user({"a": 1})], "message 1 has a content that is no text"),
        ({"role": "user"}, "not a list of messages"),
    ],
)
def test_what_is_no_conversation_is_named_with_what_is_wrong(tmp_path: Path, messages: Any, named: str) -> None:
    with pytest.raises(MalformedRecord, match=r"a\.jsonl:1") as caught:
        rows(tmp_path, {"messages": messages}, form="messages")
    assert named in caught.value.message
    found = rows(tmp_path, *[{"messages": TALK}] * 6, {"messages": messages}, form="messages")
    assert len(found.items) == 6
    assert found.account.lost == 1


def test_a_conversation_in_which_nothing_is_answered_is_left_out_and_counted(tmp_path: Path) -> None:
    found = rows(tmp_path, {"messages": [user("Hello?")]}, {"messages": TALK}, on_error="stop")
    assert found.talks == [TALK]
    assert found.account.dropped[UNANSWERED].count == 1


@pytest.mark.parametrize("characters", [260_000, 900_000, 1_800_000])
def test_a_conversation_that_is_too_long_is_cut_between_its_messages_and_named(tmp_path: Path, characters: int) -> None:
    turns = [TALK[0], assistant("It is clean. " * 200)] * (characters // 2600)
    found = rows(tmp_path, {"messages": TALK}, {"messages": [SHORT, *turns]}, limit=2**22)
    pieces = found.talks[1:]
    assert len(pieces) > 1
    assert [message for piece in pieces for message in piece[1:]] == [
        {**turn, "content": turn["content"].strip()} for turn in turns
    ]
    for piece in pieces:
        checked_messages(piece, "piece")
        assert piece[0] == SHORT
        assert len(render(piece)) <= LONGEST
    assert found.account.changed[CUT].examples == [f"a.jsonl:2: {len(pieces)} pieces"]
    assert len({item.group for item in found.items[1:]}) == 1


def test_a_message_that_is_too_long_is_refused_by_name(tmp_path: Path) -> None:
    found = rows(tmp_path, *[{"messages": TALK}] * 4, {"messages": [TALK[0], assistant("x" * 260_000)]}, limit=2**22)
    assert len(found.items) == 4
    (reason,) = found.account.dropped
    assert "longer than" in reason
    assert found.account.dropped[reason].examples == ["a.jsonl:5"]


def test_a_field_of_running_text_that_is_called_chat_is_no_conversation(tmp_path: Path) -> None:
    assert rows(tmp_path, {"chat": "lobby", "text": "They talked for long."}).texts == ["They talked for long."]


def test_a_named_field_is_the_one_that_is_meant(tmp_path: Path) -> None:
    row = {"text": "A text.", "note": "A note.", "messages": TALK, "turns": [TALK[0], assistant("Another.")]}
    assert rows(tmp_path, row, text_field="note").texts == ["A note."]
    assert rows(tmp_path, row, messages_field="turns").talks[0][1]["content"] == "Another."
    assert rows(tmp_path, row, form="text").texts == ["A text."]


def test_a_text_file_is_no_conversation(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Hi")
    with pytest.raises(SourceError, match="no messages"):
        read(tmp_path / "a.txt", form="messages")
