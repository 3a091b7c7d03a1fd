"""A reply ends where the user wants it to end."""

from __future__ import annotations

import pytest

from cleo_serving.chat.length import SentenceLimit, sentences_wanted

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("wish", "most"),
    [
        ("Please answer in one sentence.", 1),
        ("Antworte in zwei Sätzen.", 2),
        ("Réponds en une seule phrase.", 1),
        ("Responde en una frase.", 1),
        ("Antwoord in één korte zin.", 1),
        ("Rispondi in tre frasi.", 3),
        ("Keep your answers short.", 2),
        ("Answer in ten words.", None),
        (None, None),
    ],
)
def test_a_wish_names_how_many_sentences(wish: str | None, most: int | None) -> None:
    assert sentences_wanted(wish) == most


@pytest.mark.parametrize("size", [1, 3, 200])
def test_a_reply_ends_behind_its_last_sentence_however_it_comes(size: int) -> None:
    text = 'Dr. Ott pays 3.5 euros for "tea." It is hot. And sweet.'
    limit, shown = SentenceLimit(1), ""
    for start in range(0, len(text), size):
        shown += limit.feed(text[start : start + size])
    assert shown == 'Dr. Ott pays 3.5 euros for "tea."'
    assert limit.reached
    free = SentenceLimit(None)
    assert free.feed(text) == text
    assert not free.reached
