"""Embedding with the real default model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cleo_core.errors import IntegrityError
from cleo_memory.errors import EmbedderUnavailable
from cleo_memory.search import Document, embedding, open_embedder, passage
from cleo_memory.search.embedding import Embedder

pytestmark = pytest.mark.integration

TEXTS = ["She adopted a kitten.", "The stock market fell.", "A young cat found a home with her."]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_embedder()


def test_texts_of_like_meaning_lie_close_and_every_vector_is_a_unit(embedder: Embedder) -> None:
    one, two, three = embedder.embed(TEXTS)
    assert one @ three > 0.5 > one @ two
    assert np.allclose(np.linalg.norm(embedder.embed(TEXTS), axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_in_a_batch(embedder: Embedder) -> None:
    texts = [*TEXTS, "word " * 400, "x", *(f"Text number {place} is of middling length." for place in range(40))]
    together = embedder.embed(texts)
    for place in (0, 2, 4, 20):
        # The int8 model scales activations over the whole batch, so equality is near, not exact.
        assert together[place] @ embedder.embed([texts[place]])[0] > 0.98


def test_odd_texts_are_embedded(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dim)
    assert np.isfinite(embedder.embed(["", "\x00", "💥" * 5000, "字"])).all()


def test_the_name_tells_the_weights(embedder: Embedder) -> None:
    assert embedder.name == "minilm-int8@8199be6f699a"
    assert embedder.dim == 384


def test_what_is_no_model_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match="no embedding model") as refused:
        open_embedder(str(tmp_path))
    assert "minilm-int8" in str(refused.value.hint)


def test_other_weights_under_the_known_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "INT8_SHA256", "0" * 64)
    with pytest.raises(IntegrityError, match="reviewed"):
        open_embedder()


def test_a_passage_names_the_speaker_and_the_day() -> None:
    said = Document(id="1", text="I moved.", speaker="Ann", at=1683554160.0)
    assert passage(said) == "Ann: I moved. (8 May 2023)"
    assert passage(Document(id="2", text="It rained.")) == "It rained."
