"""The benchmark of the assistant: its files are read, its figures are what they say, its arms are three."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.assistant import DATA, Held, figures, run
from benchmarks.talks import Learned, Question, Talk, holds, read
from cleo_core.errors import InputError
from cleo_memory.formation import RuleExtractor, Turn
from tests.serving_server import write_model

pytestmark = [pytest.mark.integration, pytest.mark.benchmark]


def test_the_figures_of_a_talk_are_counted_as_described() -> None:
    question = Question(ask="What is my dog called?", accept=("Biscuit",), reject=("Luna",), category="fact")
    talk = Talk("t1", (("My dog is called Biscuit.", "What a day!"),), ("Biscuit", "Porto"), (question,))
    held = Held(talk, replies=["Nice.", "Nice.", "It is Biscuit."])
    held.extracted = [Learned("dog.name", "Biscuit", "My dog is called Biscuit."), Learned("cat.name", "Luna", "Luna")]
    held.right = {"off": [False], "on": [question.is_right("Bíscuit, I think")], "oracle": [True]}
    found = figures([held])
    assert (found["answered_off"], found["answered_on"], found["answered_oracle"]) == (0.0, 1.0, 1.0)
    assert (found["extraction_recall"], found["extraction_precision"]) == (0.5, 0.5)
    assert (found["repeated_replies"], found["inventions_kept"]) == (0.3333, 1)
    assert found["answered_on_fact"] == 1.0
    assert not question.is_right("Biscuit or Luna")


def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "talks.json"
    path.write_text(json.dumps({"talks": [{"id": "t1", "sessions": [["Hi."]], "questions": [{"ask": "?"}]}]}))
    with pytest.raises(InputError, match=r"talks\.0\.questions\.0\.accept"):
        read(path)


@pytest.mark.parametrize(("path", "recall", "precision"), [(DATA[0], 0.95, 0.95), (DATA[1], 0.8, 0.9)])
def test_the_rules_keep_what_the_talks_tell_and_little_else(path: Path, recall: float, precision: float) -> None:
    rules, talks = RuleExtractor(), read(path)
    assert len(talks) == 30
    told = kept = facts = found = 0
    for talk in talks:
        read_out = [fact for message in talk.messages for fact in rules.read(Turn(message, datetime.now(UTC))).facts]
        kept += len(read_out)
        told += sum(holds(fact.content, talk.facts) for fact in read_out)
        facts += len(talk.facts)
        found += sum(any(holds(fact.content, [value]) for fact in read_out) for value in talk.facts)
        assert all(holds("\n".join(talk.messages), [fact.value]) for fact in read_out)  # no inventions
    assert found / facts >= recall
    assert told / kept >= precision


def test_a_talk_is_held_in_three_arms_through_the_api(tmp_path: Path) -> None:
    talk = {
        "id": "t1",
        "sessions": [["My dog is called Biscuit."]],
        "facts": [{"value": "Biscuit"}],
        "questions": [{"ask": "What is my dog called?", "accept": ["Biscuit"], "category": "fact"}],
    }
    data, replies = tmp_path / "talks.json", tmp_path / "replies.json"
    data.write_text(json.dumps({"talks": [talk]}))
    model = write_model(tmp_path / "model")
    args = argparse.Namespace(data=data, model=str(model), quick=False, replies=replies)
    result = run(args, lambda *_, **__: None)
    assert result.figures["extraction_recall"] == result.figures["extraction_precision"] == 1.0
    assert {"answered_off", "answered_on", "answered_oracle", "repeated_replies"} <= result.figures.keys()
    (written,) = json.loads(replies.read_text())
    assert written["extracted"] == [{"key": "dog.name", "content": "My dog is called Biscuit."}]
    assert {"off", "on", "oracle"} <= written["questions"][0].keys()
