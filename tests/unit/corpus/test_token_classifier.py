"""The shipped token classifier: what it finds, and that its decisions depend on the text alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cleo_core.errors import IntegrityError
from cleo_model.corpus.pii.entities import DIRECT
from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.token_classifier import MODEL, TokenClassifier

pytestmark = pytest.mark.unit

FILLER = "The committee read the minutes of the former meeting and went on to the next point without a vote. "


@pytest.fixture(scope="module")
def classifier() -> TokenClassifier:
    return TokenClassifier()


def values(text: str, finds: list[Find], entity: str) -> list[str]:
    return [text[find.start : find.end] for find in finds if find.entity == entity]


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("My name is Lakshmi Venkataraman and I need help.", "PERSON", "Lakshmi Venkataraman"),
        ("my name is oluwaseun, is anybody there?", "PERSON", "oluwaseun"),
        ("Please ask Wei Chen to sign it.", "PERSON", "Wei Chen"),
        ("Please call me back on 020 7946 0958 after five.", "PHONE_NUMBER", "020 7946 0958"),
        ("I live at 48 Marlborough Crescent, behind the mill.", "STREET_ADDRESS", "48 Marlborough Crescent"),
        ("Ich heiße Jürgen Schäfer und wohne hier.", "PERSON", "Jürgen Schäfer"),
        ("Je m'appelle Amélie Rousseau.", "PERSON", "Amélie Rousseau"),
    ],
)  # fmt: skip
def test_personal_data_is_found_as_whole_words(classifier: TokenClassifier, text: str, entity: str, value: str) -> None:
    assert value in values(text, classifier.find([text])[0], entity)


@pytest.mark.parametrize(
    "text",
    [
        "Call numpy.linalg.norm(x, ord=2) and pass axis=0 to get one value for each column.",
        "Commit 3f9a1c7e24 bumps the version to 2.14.1 and removes the flag --no-cache.",
        "Bake at 180 degrees for 25 minutes, then let it rest until the crust is firm.",
    ],
)
def test_nothing_personal_is_found_where_there_is_nothing(classifier: TokenClassifier, text: str) -> None:
    assert [find for find in classifier.find([text])[0] if find.entity in DIRECT] == []


def test_a_list_of_people_is_as_many_finds(classifier: TokenClassifier) -> None:
    text = "Invited were Anna Kowalska, Tunde Bakare and Miguel Torres."
    assert values(text, classifier.find([text])[0], "PERSON") == ["Anna Kowalska", "Tunde Bakare", "Miguel Torres"]


@pytest.mark.parametrize("before", range(0, 60, 7))
def test_where_a_long_text_is_cut_does_not_decide(classifier: TokenClassifier, before: int) -> None:
    sentence = "Then Margarethe Lindqvist was asked to call 0171 496 0834. "
    text = FILLER * before + sentence + FILLER * 30
    finds = classifier.find([text])[0]
    assert "Margarethe Lindqvist" in values(text, finds, "PERSON")
    assert "0171 496 0834" in values(text, finds, "PHONE_NUMBER")


def test_a_text_alone_and_among_many_gets_the_same_finds(classifier: TokenClassifier) -> None:
    texts = [
        "Thanks, Priya!", "Ship it to Hauptstraße 12, 10827 Berlin.", FILLER * 8 + "Signed: Kofi Mensah", "", "   \n",
        "The build is green.", "Write to jo.larsen at gmail dot com.",
    ]  # fmt: skip
    together = classifier.find(texts)
    assert together == [classifier.find([text])[0] for text in texts]
    assert together[3] == together[4] == []


def test_finds_are_never_half_a_word(classifier: TokenClassifier) -> None:
    text = "Grüße von Frau Dr. Öztürk-Schönfeld, Zweigstraße 9; tel. +49 170 5550199 (Frau O'Sullivan-Nwachukwu)"
    for find in classifier.find([text])[0]:
        assert find.start == 0 or not (text[find.start - 1].isalnum() and text[find.start].isalnum())
        assert find.end == len(text) or not (text[find.end - 1].isalnum() and text[find.end].isalnum())


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    shutil.copytree(MODEL, tmp_path / "model")
    assert TokenClassifier(tmp_path / "model").card.labels[0] == "O"
    with (tmp_path / "model" / "model.onnx").open("ab") as handle:
        handle.write(b"\0")
    with pytest.raises(IntegrityError, match="not the file that was shipped"):
        TokenClassifier(tmp_path / "model").find(["Anna"])


def test_what_ships_is_small_and_names_whose_work_it_stands_on() -> None:
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= 25_000_000
    notice = (MODEL / "README.md").read_text(encoding="utf-8")
    assert "National Design Studio" in notice
    assert "CC BY 4.0" in notice
