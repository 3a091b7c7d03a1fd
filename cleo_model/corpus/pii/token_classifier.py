"""Finds personal data by a small transformer that reads each word in its sentence (ONNX Runtime, one thread).

    text → words → windows → probabilities of each label for each piece → of each word → decisions → finds

The weights lie in `model/`: Rampart by National Design Studio, fine-tuned by `python -m cleo_model.corpus.pii.fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from cleo_core.digest import sha256_file
from cleo_core.errors import IntegrityError
from cleo_model.corpus.pii.decide import Thresholds, decided
from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.tokens import LOWER, Vocabulary, Word
from cleo_model.corpus.pii.windows import Window, windows

MODEL = Path(__file__).parent / "model"


class ModelCard(BaseModel):
    """What `classifier.json` says of the weights beside it."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...]
    thresholds: Thresholds
    files: dict[str, str]
    """sha256 of each file that is loaded."""


class TokenClassifier:
    """The shipped token classifier; weights are loaded at the first text.

    Args:
        folder: weights, vocabulary and card, as `fit` writes them.
    """

    name = "token classifier"

    def __init__(self, folder: Path = MODEL) -> None:
        self.folder = folder

    @cached_property
    def card(self) -> ModelCard:
        """The card; the files that it names are checked.

        Raises:
            IntegrityError: a file is not the one that was shipped.
        """
        card = ModelCard.model_validate_json((self.folder / "classifier.json").read_text(encoding="utf-8"))
        for name, digest in card.files.items():
            path = self.folder / name
            if not path.is_file() or sha256_file(path) != digest:
                raise IntegrityError(
                    f"{path.name} of the PII classifier is not the file that was shipped.",
                    hint="Install CleoAI again, or make the weights anew: python -m cleo_model.corpus.pii.fit",
                )
        return card

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.folder / "tokenizer.json")

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        self.card  # noqa: B018 - checked before it is loaded
        options = onnxruntime.SessionOptions()
        # Curation runs one process for each core.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(
            str(self.folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        """The finds of each text, which depend on that text alone."""
        return [
            decided(text, words, odds, self.card.labels, self.card.thresholds, self.name)
            for text, (words, odds) in zip(texts, self.probabilities(texts), strict=True)
        ]

    def probabilities(self, texts: Sequence[str]) -> list[tuple[list[Word], NDArray[np.float32]]]:
        """The words of each text and the probability of each label for them, `[words, labels]`."""
        return [self._judged(self._vocabulary.words(text)) for text in texts]

    def _judged(self, words: list[Word]) -> tuple[list[Word], NDArray[np.float32]]:
        odds = np.zeros((len(words), len(self.card.labels)), np.float32)
        for window in windows([len(word.pieces) for word in words]):
            odds[window.first : window.last] = _pooled(words, window, self._read(words[window.start : window.end]))
        return words, odds

    def _read(self, words: Sequence[Word]) -> NDArray[np.float32]:
        """Probabilities of the labels of each piece, `[pieces, labels]`.

        One window at a time: activations are quantised by their range, and in a batch a text would be judged by the
        range of its neighbours. On one thread a batch is no faster, and nothing is padded.
        """
        vocabulary = self._vocabulary
        pieces = [piece for word in words for piece in word.pieces]
        ids = np.array([[vocabulary.first, *pieces, vocabulary.last]], np.int64)
        cases = np.array([[LOWER, *(word.case for word in words for _ in word.pieces), LOWER]], np.int64)
        mask = np.ones(ids.shape, np.int32)
        (logits,) = self._session.run(None, {"input_ids": ids, "token_type_ids": cases, "attention_mask": mask})
        logits = np.exp(logits[0, 1:-1] - logits[0, 1:-1].max(-1, keepdims=True))
        odds: NDArray[np.float32] = logits / logits.sum(-1, keepdims=True)
        return odds


def _pooled(words: Sequence[Word], window: Window, pieces: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over the pieces of each word that is judged in this window: a decision is about whole words."""
    lengths = [len(word.pieces) for word in words[window.start : window.end]]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    means = np.add.reduceat(pieces, starts, axis=0) / np.array(lengths, np.float32)[:, None]
    pooled: NDArray[np.float32] = means[window.first - window.start : window.last - window.start].astype(np.float32)
    return pooled
