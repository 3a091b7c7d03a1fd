"""The recipe from beginning to end: text, rounds of training, export, thresholds."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import torch
from pydantic import BaseModel, ConfigDict
from transformers import BertForTokenClassification

from cleo_core.files import atomic_folder, write_jsonl
from cleo_core.progress import Reporter
from cleo_model.corpus.pii.decide import Thresholds
from cleo_model.corpus.pii.fit.base import Base, from_rampart, widened
from cleo_model.corpus.pii.fit.calibrate import calibrated
from cleo_model.corpus.pii.fit.export import export, write_card, write_notice
from cleo_model.corpus.pii.fit.figures import figures
from cleo_model.corpus.pii.fit.labels import LABELS
from cleo_model.corpus.pii.fit.mixture import Mixture
from cleo_model.corpus.pii.fit.negatives import labelled, passages
from cleo_model.corpus.pii.fit.sample import Sample
from cleo_model.corpus.pii.fit.train import Budget, train
from cleo_model.corpus.pii.token_classifier import TokenClassifier
from cleo_model.corpus.pii.tokens import Vocabulary


class Recipe(BaseModel):
    """What a run is made of."""

    model_config = ConfigDict(frozen=True)

    rounds: tuple[Budget, ...] = (Budget(600_000, decay=False), Budget(680_000), Budget(350_000, 7e-5))
    seed: int = 1
    real: float = 1.0
    """Share of the real passages that are read; labelling them takes two minutes."""
    judged: int = 2_500
    """Texts of the held-out forms that thresholds are chosen by."""


def fit(
    recipe: Recipe, out: Path, report: Reporter, *, base: Base | None = None, start: Path | None = None
) -> BertForTokenClassification:
    """Make the weights and all that ships with them in `out`; what it takes long to make is kept in `out`-work.

    Args:
        base: what is fine-tuned; Rampart when it is not given.
        start: weights of an earlier round (`weights.pt`) to go on from.
    """
    work = out.with_name(f"{out.name}-work")
    work.mkdir(parents=True, exist_ok=True)
    real = _real(work / "real.jsonl", recipe.real, report)
    kept, learned = real[: len(real) // 10], real[len(real) // 10 :]
    base = base or from_rampart()
    vocabulary = Vocabulary(base.tokenizer)
    model = widened(base.model, recipe.seed)
    if start is not None:
        model.load_state_dict(torch.load(start, weights_only=True))
    for number, budget in enumerate(recipe.rounds):
        seed = recipe.seed + 1000 * number
        model = train(
            model, Mixture(learned, seed), vocabulary, budget, seed=seed, report=report, save=work / "weights.pt"
        )
    torch.save(model.state_dict(), work / "weights.pt")
    report("export")
    with atomic_folder(out) as folder:
        even = dict.fromkeys(LABELS[1:], 0.4)
        export(model, base.tokenizer, folder, Thresholds(direct=even, every=even))
        report("thresholds")
        judged = _judged(recipe)
        write_card(folder, calibrated(TokenClassifier(folder), judged, kept))
        report("figures")
        write_notice(folder, figures(TokenClassifier(folder), kept))
    return model


def _judged(recipe: Recipe) -> list[Sample]:
    stream = iter(Mixture([], recipe.seed + 17, held_out=True))
    return [next(stream) for _ in range(recipe.judged)]


def _real(file: Path, share: float, report: Reporter) -> list[Sample]:
    """The real passages with what is believed of them, kept for the next run."""
    if not share:
        return []
    if not file.is_file():
        report("real text")
        rows = ({"text": s.text, "owner": s.owner, "labels": s.labels} for s in labelled(passages(share)))
        write_jsonl(file, rows)
    lines = file.read_text(encoding="utf-8").split("\n")
    samples = [Sample(**json.loads(line)) for line in lines if line]
    Random(3).shuffle(samples)  # noqa: S311 - an order, not a secret
    return samples
