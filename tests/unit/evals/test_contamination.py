"""Scores full and clean: items that stand in the training text are told, and are left out of the clean score."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cleo_model.corpus.record import HELDOUT, TRAIN, Record, write_records
from evals.report import subsets_table, write_scores
from evals.scores import Scores, full_and_clean
from evals.tasks import decontamination_texts, load
from evals.tasks.contamination import CONTAMINATION, read_contamination
from evals.tasks.imported import build_imported

pytestmark = pytest.mark.unit

ASKED = (
    "Which ferry of the old harbour goes to the island of Skye on a Sunday morning in the winter?",
    "What does the keeper of the lighthouse write into the book when a ship has passed in the night?",
    "Where do the women of the village dry the nets after a storm has driven all boats ashore?",
)
ITEMS = [{"query": query, "choices": ["the one that leaves first", "nothing at all"], "gold": 0} for query in ASKED]


def corpus(folder: Path, text: str) -> Path:
    folder.mkdir()
    made = Record.make(name="1", source="s", domain="prose", licence="MIT", text=text)
    write_records(folder / TRAIN, [made])
    write_records(folder / HELDOUT, [])
    return folder


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "ferries.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    return path


def test_an_item_that_stands_in_the_training_text_is_found_and_sealed(tmp_path: Path, items: Path) -> None:
    quoted = f"In the quiz they asked: {ASKED[1].upper()} Nobody knew it."
    (tmp_path / "set").mkdir()
    made = build_imported([items], tmp_path / "set", corpus=corpus(tmp_path / "masked", quoted))
    found = read_contamination(made.folder)
    assert found == {"ferries": {"line-2"}}
    assert CONTAMINATION in load(made.folder).extras
    (tmp_path / "plain").mkdir()
    assert read_contamination(build_imported([items], tmp_path / "plain").folder) is None


def test_the_clean_score_leaves_out_what_was_found(make_scores: Callable[..., Scores], tmp_path: Path) -> None:
    scores = make_scores({"asked": [1.0, 0.5, 0.3], "read": [-700.0, -1400.0]}, forms={"read": "perplexity"})
    found = {"asked": {"asked-0"}, "read": {"read-0", "read-1"}}
    told = full_and_clean(scores, found)
    assert (told["asked"].full, told["asked"].clean, told["asked"].found) == (pytest.approx(0.6), pytest.approx(0.4), 1)
    assert told["read"].full == pytest.approx(2100 / 0.6931 / 2000, rel=1e-3)
    assert told["read"].clean is None
    assert "| asked | 3 | 1 | 0.600 | 0.400 |" in subsets_table({"model": scores}, found)
    write_scores(tmp_path, scores, found)
    assert json.loads((tmp_path / "report.json").read_text())["model"]["subsets"]["asked"]["found"] == 1
    assert "0.400" in (tmp_path / "report.md").read_text()
    write_scores(tmp_path, scores)
    assert "is not known" in (tmp_path / "report.md").read_text()


def test_the_items_of_a_users_own_file_are_kept_out_of_training(items: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = decontamination_texts()
    monkeypatch.setenv("CLEO_EVALS_ITEMS", json.dumps([str(items)]))
    added = set(decontamination_texts()) - set(before)
    assert len(added) == 3
    assert all("one that leaves first" in text for text in added)
