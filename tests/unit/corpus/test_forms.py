"""The forms that training text is made of: each readable, each slot known, none twice, enough of each language."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.unit

FIT = files("cleo_model.corpus.pii") / "fit"
LABELS: dict[str, str | None] = yaml.safe_load((FIT / "slots.yaml").read_text(encoding="utf-8"))
LANGUAGES = frozenset(("en", "de", "fr", "es", "it", "nl", "pt"))
SLOT = re.compile(r"\{(\w+)\}")
MEASURED = Path(__file__).parents[3] / "benchmarks" / "data" / "pii_forms.yaml"
STRETCH = 7
"""Words in a row, a slot being one: two texts that share so many are one text."""


def _forms() -> list[tuple[str, str]]:
    """Language and text of every form."""
    found = []
    for path in sorted((FIT / "forms").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".yaml"):
            kind = yaml.safe_load(path.read_text(encoding="utf-8"))
            assert set(kind) <= {"language", "weight", "forms"}, path.name
            assert kind["language"] in LANGUAGES, path.name
            assert all(isinstance(form, str) and form.strip() for form in kind["forms"]), path.name
            found += [(kind["language"], form) for form in kind["forms"]]
    return found


FORMS = _forms()


def test_every_slot_of_a_form_has_a_label_or_is_declared_harmless() -> None:
    unknown = {(slot, form) for _, form in FORMS for slot in SLOT.findall(form) if slot not in LABELS}
    assert not unknown


def test_no_form_of_a_language_stands_twice() -> None:
    counts = Counter((language, " ".join(form.split())) for language, form in FORMS)
    assert [form for form, count in counts.items() if count > 1] == []


def test_each_language_has_forms_enough() -> None:
    counts = Counter(language for language, _ in FORMS)
    assert counts["en"] >= 700
    assert {language for language in LANGUAGES if counts[language] < 90} == set()


def test_some_forms_of_english_look_personal_and_are_not() -> None:
    english = [form for language, form in FORMS if language == "en"]
    harmless = [form for form in english if all(LABELS[slot] is None for slot in SLOT.findall(form))]
    assert 0.08 <= len(harmless) / len(english) <= 0.25


def test_every_slot_is_used_by_some_form() -> None:
    assert {slot for _, form in FORMS for slot in SLOT.findall(form)} >= set(LABELS)


def _stretches(text: str) -> set[tuple[str, ...]]:
    """Every seven words in a row of each line."""
    lines = (re.findall(r"\w+", re.sub(r"\{[^{}\s]*\}", "_", line.lower())) for line in text.splitlines())
    return {tuple(words[at : at + STRETCH]) for words in lines for at in range(len(words) - STRETCH + 1)}


def test_what_detection_is_measured_by_shares_no_sentence_with_what_it_was_fitted_on() -> None:
    fitted = set().union(*(_stretches(form) for _, form in FORMS))
    measured = yaml.safe_load(MEASURED.read_text(encoding="utf-8"))
    texts = [text for language in measured.values() for text in language]
    assert len(texts) > 100
    assert [text for text in texts if _stretches(text) & fitted] == []
    known = "Please find attached the contract for {org}, countersigned by {person}."
    assert _stretches(known) & fitted
