"""Task sets: right items, sealed; what was changed afterwards is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cleo_core.errors import ConfigError
from evals.errors import BadItems, BrokenSeal, UnknownTask
from evals.protocol import Protocol
from evals.tasks import build, decontamination_texts, load
from evals.tasks.build import handwritten
from evals.tasks.heldout import documents, last_words
from evals.tasks.imported import build_imported

pytestmark = pytest.mark.unit

PROSE = (
    "The council of the town met in the old hall beside the river. Nobody had expected that the river would rise so "
    "fast in a single night. By morning the lower streets had disappeared, and the people could only watch the {word}."
)


PROFILES = {"prose": "prose", "documentation": "reference", "conversation": "dialogue"}


def heldout(folder: Path, records: int = 40) -> Path:
    folder.mkdir(exist_ok=True)
    lines = []
    for number in range(records):
        text = PROSE.format(word="river").replace("town", f"town of number {number}")
        for domain in ("prose", "documentation", "conversation"):
            lines.append(
                json.dumps({"id": f"{domain}-{number}", "domain": domain, "text": text, "profile": PROFILES[domain]})
            )
    (folder / "heldout.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "tasks"
    folder.mkdir()
    return folder


def test_the_handwritten_items_are_many_varied_and_sound() -> None:
    sets = {spec.name: items for spec, items in handwritten().items()}
    choices = [item for name, items in sets.items() if name != "cleo_last_word" for item in items]
    assert 250 <= len(choices) <= 350
    assert len(sets["cleo_last_word"]) >= 90
    assert len({item["query"] for item in choices}) == len(choices)
    places = [item["gold"] for item in choices]
    # No position of the right answer is worth guessing.
    assert all(0.15 < places.count(place) / len(places) < 0.35 for place in range(4))
    assert all(len(item["choices"]) == 4 for item in choices)
    assert all(re.fullmatch(r"[a-z]+", item["word"]) for item in sets["cleo_last_word"])


def test_the_right_answer_is_not_given_away_by_its_length() -> None:
    choices = [item for spec, items in handwritten().items() if spec.form == "multiple_choice" for item in items]
    longest = sum(max(range(4), key=lambda place: len(item["choices"][place])) == item["gold"] for item in choices)
    assert longest / len(choices) < 0.40


def test_items_that_must_not_be_trained_on_carry_question_and_answer_and_need_no_torch() -> None:
    texts = decontamination_texts()
    assert len(texts) == len(set(texts)) > 250
    assert any("closest to the Sun?" in text and text.endswith("Mercury") for text in texts)
    code = "import sys; from evals.tasks import decontamination_texts as d; d(); print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_a_set_has_every_form_and_is_found_again_where_it_was_moved(tmp_path: Path, out: Path) -> None:
    made = build(heldout(tmp_path / "masked"), out)
    forms = {spec.name: spec.form for spec in made.tasks}
    assert len(forms) >= 4
    assert set(forms.values()) == {"multiple_choice", "last_word", "perplexity"}
    assert forms["heldout_last_word"] == "last_word"
    assert forms["heldout_documentation"] == forms["heldout_prose"] == forms["heldout_conversation"] == "perplexity"
    for spec in made.tasks:
        # No "!function": a task set is data.
        assert yaml.safe_load((out / f"{spec.name}.yaml").read_text())["task"] == spec.name
    there = out.rename(tmp_path / "elsewhere")
    assert load(there).digest == made.digest


def test_the_same_corpus_gives_the_same_seal_and_other_margins_another(tmp_path: Path, out: Path) -> None:
    masked = heldout(tmp_path / "masked")
    first = build(masked, out)
    again, wider = tmp_path / "again", tmp_path / "wider"
    again.mkdir()
    wider.mkdir()
    assert build(masked, again).digest == first.digest
    assert build(masked, wider, protocol=Protocol(margin=0.05)).digest != first.digest


@pytest.mark.parametrize("change", ["item", "margin", "count", "dropped", "link", "name", "no seal"])
def test_a_set_changed_after_sealing_is_refused(tmp_path: Path, out: Path, change: str) -> None:
    build(heldout(tmp_path / "masked"), out)
    load(out)
    items, seal = out / "cleo_python.jsonl", out / "seal.json"
    if change == "item":
        items.write_text(items.read_text().replace('"gold":1', '"gold":2', 1))
    elif change == "link":
        items.rename(tmp_path / "away.jsonl")
        items.symlink_to(tmp_path / "away.jsonl")
    elif change == "no seal":
        seal.unlink()
    else:
        value = json.loads(seal.read_text())
        if change == "margin":
            value["protocol"]["margin"] = 0.2
        elif change == "count":
            value["tasks"][0]["items"] -= 1
        elif change == "name":
            value["tasks"][0]["name"] = "../../etc/passwd"
        else:
            value["tasks"].pop()
        seal.write_text(json.dumps(value))
    with pytest.raises(BrokenSeal):
        load(out)


def test_one_task_can_be_taken_and_an_unknown_one_is_named(out: Path) -> None:
    made = build(None, out)
    assert [spec.name for spec in made.select("python").tasks] == ["cleo_python"]
    assert made.select("all") is made
    with pytest.raises(UnknownTask, match="'pyhton'") as caught:
        made.select("pyhton")
    assert "cleo_python" in str(caught.value.hint)


def test_a_last_word_stood_in_its_passage_before() -> None:
    asked = last_words([{"id": "a", "text": PROSE.format(word="river")}], 10)
    assert [item["word"] for item in asked] == ["river"]
    assert asked[0]["context"].endswith("could only watch the")
    assert last_words([{"id": "a", "text": PROSE.format(word="valley")}], 10) == []


def test_documents_are_spread_over_the_records_and_cut_between_words() -> None:
    records = [{"id": str(number), "text": "word " * 900} for number in range(5)]
    made = documents(records, limit=7, characters=1000)
    assert len(made) == 7
    assert len({item["cluster"] for item in made}) == 5
    assert all(600 < len(item["text"]) <= 1000 and item["text"].endswith("word") for item in made)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no items"),
        ("{not json}\n", "line 1 is not JSON"),
        ('{"query": "Is", "choices": ["a", "b"], "gold": 2}\n', "gold is 2"),
        ('{"query": "Is", "choices": ["a"], "gold": 0}\n', "different choices"),
        ('{"query": "Is", "choices": ["a", "a"], "gold": 0}\n', "different choices"),
        ('{"query": "Is", "choices": ["a", "a", "b"], "gold": 1}\n', "the right choice stands there twice"),
        ('{"query": "Is", "choices": ["a", "b"], "gold": "c"}\n', "'gold' is"),
        (
            '{"query": "Is", "choices": ["a", "b"], "gold": 0}\n{"context": "a", "continuation": "b"}\n',
            "line 2 has other",
        ),
        ('{"question": "Is", "choices": {"label": ["A"], "text": ["a"]}, "answerKey": "B"}\n', "no known format"),
        ('{"query": "Is", "choices": ["a", ""], "gold": 0}\n', "a choice is empty"),
        ('{"query": "Is", "choices": ["a", "b"], "gold": true}\n', "'gold' is"),
        ('{"question": "Is"}\n', "no known format"),
        ("[1, 2]\n", "no known format"),
        ('{"context": "a b", "continuation": "c"}\n{"context": "a b"}\n', "line 2"),
        ('{"query": "Is", "choices": ["a", "b"], "gold": 0, "x": NaN}\n', "line 1 is not JSON"),
        ("[" * 100_000, "line 1 is not JSON"),
    ],
)
def test_a_bad_item_file_is_refused_by_line(tmp_path: Path, out: Path, content: str, message: str) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(content)
    with pytest.raises(BadItems, match=re.escape(message)):
        build_imported([path], out)


def test_bytes_that_are_no_text_and_missing_files_are_refused(tmp_path: Path, out: Path) -> None:
    (tmp_path / "items.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadItems, match="not UTF-8"):
        build_imported([tmp_path / "items.jsonl"], out)
    with pytest.raises(BadItems, match="cannot be read"):
        build_imported([tmp_path / "nothing.jsonl"], out)
    with pytest.raises(BadItems, match="heldout"):
        build(tmp_path, out)


def test_public_formats_become_tasks(tmp_path: Path, out: Path) -> None:
    lines = {
        "arc-easy": {"query": "Question: Why?\n", "choices": ["So", "Thus"], "gold": 1},
        "winogrande": {
            "context_options": ["Ann so Ann", "Ann so Bob"],
            "continuation": "ran.",
            "gold": 0,
        },
        "lambada": {"context": "He gave her the", "continuation": "ring"},
    }
    files = []
    for name, value in lines.items():
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text(json.dumps(value) + "\n")
    made = build_imported(files, out)
    assert {spec.name: spec.form for spec in made.tasks} == {
        "arc_easy": "multiple_choice",
        "winogrande": "partial",
        "lambada": "last_word",
    }
    assert made.items(made.tasks[0])[0]["query"] == "Question: Why?\nAnswer:"


RAW: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "hellaswag": (
        {
            "ind": 1, "activity_label": "Roof", "ctx_a": "A man is on a roof.", "ctx_b": "he", "label": "2",
            "ctx": "A man is on a roof. he", "endings": ["starts to sing.", "wraps it.", "rips up tiles.", "sleeps."],
        },
        {"query": "Roof: A man is on a roof. He", "gold": 2},
    ),
    "arc": (
        {
            "id": "M1", "answerKey": "B",
            "question": {"stem": "Why?", "choices": [{"text": "So", "label": "A"}, {"text": "Thus", "label": "B"}]},
        },
        {"query": "Question: Why?\nAnswer:", "choices": ["So", "Thus"], "gold": 1},
    ),
    "arc of the hub": (
        {"question": "Why?", "choices": {"text": ["So", "Thus"], "label": ["1", "2"]}, "answerKey": "1"},
        {"query": "Question: Why?\nAnswer:", "choices": ["So", "Thus"], "gold": 0},
    ),
    "openbook": (
        {"question_stem": "Why?", "choices": {"text": ["So", "Thus"], "label": ["A", "B"]}, "answerKey": "B"},
        {"query": "Question: Why?\nAnswer:", "gold": 1},
    ),
    "piqa": (
        {"goal": "To clean it,", "sol1": "wash it.", "sol2": "eat it.", "label": 0},
        {"query": "Question: To clean it,\nAnswer:", "choices": ["wash it.", "eat it."], "gold": 0},
    ),
    "winogrande": (
        {"sentence": "Ann met Bob, so _ smiled.", "option1": "Ann", "option2": "Bob", "answer": "2"},
        {"contexts": ["Ann met Bob, so Ann", "Ann met Bob, so Bob"], "continuation": "smiled.", "gold": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_a_raw_line_of_a_public_set_is_its_item(tmp_path: Path, out: Path, name: str) -> None:
    raw, wanted = RAW[name]
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps(raw) + "\n")
    made = build_imported([path], out)
    (item,) = made.items(made.tasks[0])
    assert {key: item[key] for key in wanted} == wanted
    assert load(out).digest == made.digest


def test_a_mark_a_leading_blank_and_a_number_as_text_are_accepted(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('\ufeff{"query": "The capital of France is", "choices": [" Paris", " Rome"], "gold": "0"}\n')
    made = build_imported([path], out)
    (item,) = made.items(made.tasks[0])
    assert (item["choices"], item["gold"]) == (["Paris", "Rome"], 0)


def test_what_is_likely_a_slip_is_accepted_and_said_with_its_line(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "items.jsonl"
    lines = [
        {"query": "The capital of France is", "choices": ["Paris", "Rome"], "gold": 0},
        {"query": "2+2=", "choices": ["4", "5", "5"], "gold": 0},
        {"query": "def add(a, b):\n    return ", "choices": ["a + b", "a - b"], "gold": 0},
        {"query": "A. red B. run. The answer is (", "choices": ["A", "B"], "gold": 0},
        {"query": "def one():\n", "choices": ["return 1", "return 2"], "gold": 0},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    said: list[str] = []
    made = build_imported([path], out, lambda what, *_, **__: said.append(what))
    assert made.tasks[0].items == 5
    doubts = {"stands there twice": 2, "has line breaks": 3, "ends in an open bracket": 4, "ends in a line break": 5}
    for doubt, line in doubts.items():
        assert any(doubt in each and f"(first in line {line})" in each for each in said)
    assert len(said) == 4


def test_the_margin_of_the_settings_is_sealed_and_a_wrong_one_is_refused(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEO_EVALS_MARGIN", "0.1")
    assert build(None, out).protocol.margin == 0.1
    monkeypatch.setenv("CLEO_EVALS_MARGIN", "2")
    with pytest.raises(ConfigError, match="CLEO_EVALS_MARGIN is '2'"):
        build(None, tmp_path)
