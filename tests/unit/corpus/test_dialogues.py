"""Generated conversations: the same for the same seed, true to the documentation, and honest about what was planted."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from cleo_model.corpus.canaries import CANARIES, plant
from cleo_model.corpus.pii.planted import Planted, read_planted, write_planted
from cleo_model.corpus.record import checked_messages, render
from cleo_model.corpus.sources.dialogues import explain, questions, small_talk
from cleo_model.corpus.sources.documentation import Entry, documentation, entries, package_licences
from cleo_model.corpus.sources.personas import personas
from cleo_model.corpus.sources.words import words

pytestmark = pytest.mark.unit


def entry(text: str, name: str = "tools.thing", kind: str = "function") -> Entry:
    return Entry(name, kind, "stdlib", "tools", text, ("a", "b (default 1)"), "PSF-2.0")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Return the sum.\n\nMore.", None),  # too short to say anything
        ("Return the sum of all the numbers.", "`tools.thing` returns the sum of all the numbers."),
        ("Copy the file, e.g. a list. Fast.", "`tools.thing` copies the file, e.g. a list."),
        ("Returns a copy of the whole thing.", "`tools.thing` returns a copy of the whole thing."),
        ("Pass a value to the next step.", "`tools.thing` passes a value to the next step."),
        ("Deprecated since version 3.2, do not use.", None),
        ("Return x; see .. versionadded:: 3.1 for it.", None),
    ],
)
def test_an_answer_is_made_of_the_first_sentence(text: str, answer: str | None) -> None:
    assert explain(entry(text)) == answer


def test_a_class_is_explained_by_what_it_is() -> None:
    assert explain(entry("A list that is sorted at all times.", kind="class")) == (
        "`tools.thing` is a list that is sorted at all times."
    )
    assert explain(entry("Create a list that is sorted.", kind="module")) is None


def test_known_functions_are_explained() -> None:
    answers = {one.name: explain(one) for one in entries()}
    assert answers["str.partition"] == (
        "`str.partition` partitions the string into three parts using the given separator."
    )
    assert (answers["textwrap.dedent"] or "").startswith("`textwrap.dedent` removes any common leading whitespace")
    assert sum(answer is not None for answer in answers.values()) > 3000


def test_the_same_seed_gives_the_same_conversations() -> None:
    def draw(seed: int) -> list[str]:
        rng = random.Random(seed)
        made = [json.dumps(item.messages) for item in small_talk(rng)]
        made += [json.dumps(item.messages) for item in personas(rng, 20)]
        return made + [json.dumps(item.messages) for item in questions(rng)][:200]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_every_generated_conversation_takes_turns_and_ends_with_an_answer() -> None:
    rng = random.Random(3)
    items = [*small_talk(rng), *personas(rng, 100), *questions(rng)]
    assert len(items) > 3000
    for item in items:
        messages = checked_messages(item.messages, item.name)
        assert messages[-1]["role"] == "assistant"
        assert "{" not in render(messages).replace("`{", "").split("`")[0]


def test_what_is_planted_stands_in_its_conversation() -> None:
    kinds = set()
    for item in personas(random.Random(4), 400):
        text = render(item.messages or [])
        for kind, value in item.planted:
            kinds.add(kind)
            assert value in text
    assert kinds == {"PERSON", *words("personas")["contacts"]}


def test_the_list_of_what_was_planted_is_read_again(tmp_path: Path) -> None:
    assert read_planted(tmp_path) == []
    write_planted(tmp_path, [Planted("a/1", "PERSON", "Zoë Quigley")])
    assert read_planted(tmp_path) == [Planted("a/1", "PERSON", "Zoë Quigley")]


def test_planted_canaries_and_controls_have_nothing_in_common(tmp_path: Path) -> None:
    records = plant(8, 20, tmp_path)
    first = (tmp_path / CANARIES).read_bytes()
    canaries = json.loads((tmp_path / CANARIES).read_text())
    planted = {one["answer"] for one in canaries["planted"]}
    controls = {one["answer"] for one in canaries["controls"]}
    assert len(planted) == len(records) == 8
    assert len(controls) == 1024
    assert not planted & controls
    assert {record.messages[1]["content"] for record in records if record.messages} == planted
    assert plant(8, 20, tmp_path) == records
    assert (tmp_path / CANARIES).read_bytes() == first
    assert plant(0, 20, tmp_path) == []


def test_documentation_comes_with_a_permissive_licence_and_within_its_limit() -> None:
    items = list(documentation(200_000))
    assert 120_000 < sum(len(item.text.encode()) for item in items) <= 200_000
    assert all(item.licence and "GPL" not in item.licence for item in items)
    assert {item.name.split(":")[0] for item in items} == {"builtins", "topics", "stdlib", "packages"}
    assert package_licences()["click"][1].startswith("BSD")
