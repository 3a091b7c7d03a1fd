"""The benchmark of detection counts tokens as it says, and draws the same texts each time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.pii import Score, read
from benchmarks.pii_forms import Labelled, texts
from cleo_core.errors import InputError

pytestmark = pytest.mark.unit

TEXT = "Ann Lee, of 12 Hill St., is 44."
LABELS = [(0, 7, "PERSON"), (12, 23, "STREET_ADDRESS"), (28, 30, "AGE")]


def test_figures_count_tokens_without_punctuation_and_without_regard_to_the_type() -> None:
    score = Score()
    score.add(Labelled(TEXT, LABELS), [(0, 3), (9, 24)])  # "Ann", and "of 12 Hill St."
    figures = score.figures()
    assert figures["recall_all"] == round(4 / 6, 3)
    assert figures["precision"] == round(4 / 5, 3)
    assert figures["recall_direct"] == round(4 / 5, 3)
    assert (figures["recall PERSON"], figures["recall STREET_ADDRESS"], figures["recall AGE"]) == (0.5, 1.0, 0.0)
    precision, recall = 4 / 5, 4 / 6
    assert figures["f2_all"] == round(5 * precision * recall / (4 * precision + recall), 3)


def test_presidio_researchs_form_is_read_and_another_refused(tmp_path: Path) -> None:
    spans = [
        {"start_position": a, "end_position": b, "entity_type": c, "entity_value": TEXT[a:b]} for a, b, c in LABELS
    ]
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps([{"full_text": TEXT, "masked": "", "spans": spans, "template_id": 1}]))
    bad.write_text(json.dumps([{"text": TEXT}]))
    assert read(good) == [Labelled(TEXT, LABELS)]
    with pytest.raises(InputError, match=r"bad\.json cannot be read"):
        read(bad)


def test_the_forms_give_the_same_texts_each_time_with_every_value_in_its_place() -> None:
    made = texts(1)
    assert [text.text for text in made] == [text.text for text in texts(1)]
    assert len([text for text in made if text.language == "en"]) >= 120
    for language in ("de", "fr", "es", "it", "nl", "pt"):
        assert len([text for text in made if text.language == language]) >= 15
    for text in made:
        assert text.spans
        assert "{" not in text.text.replace('{"name"', "")
        for start, end, _ in text.spans:
            assert text.text[start:end].strip() == text.text[start:end] != ""
