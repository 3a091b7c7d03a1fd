"""Fine-tunes the classifier: AdamW in fp32, linear decay, batches of windows of about one length."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import BertForTokenClassification

from cleo_core.progress import Reporter
from cleo_model.corpus.pii.fit.encode import NO_SIDE, Encoded, encode
from cleo_model.corpus.pii.fit.sample import Sample
from cleo_model.corpus.pii.tokens import Vocabulary

POOL = 512
"""Windows that are sorted by length before they are cut to batches."""


class Budget(NamedTuple):
    """How long one round trains and how fast it learns."""

    tokens: int
    rate: float = 1e-4
    batch_tokens: int = 1_024
    warmup: int = 10_000
    decay: bool = True
    """Whether the rate falls to zero; of several rounds only the last one need."""


def batches(samples: Iterable[Sample], vocabulary: Vocabulary, size: int, seed: int) -> Iterator[list[Encoded]]:
    """Batches of at most `size` pieces with their padding, windows of like length together, in mixed order."""
    mixed = torch.Generator().manual_seed(seed)
    windows = (window for sample in samples for window in encode(sample, vocabulary))
    while pool := sorted(islice(windows, POOL), key=lambda window: len(window.ids)):
        cut: list[list[Encoded]] = [[]]
        for window in pool:
            if cut[-1] and (len(cut[-1]) + 1) * len(window.ids) > size:
                cut.append([])
            cut[-1].append(window)
        for place in torch.randperm(len(cut), generator=mixed).tolist():
            yield cut[place]


def padded(batch: list[Encoded]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ids, cases, mask and labels, each `[batch, longest]`."""
    longest = max(len(window.ids) for window in batch)

    def filled(field: str, value: int) -> Tensor:
        rows = (getattr(window, field) for window in batch)
        return torch.tensor([row + [value] * (longest - len(row)) for row in rows])

    mask = torch.tensor([[1] * len(window.ids) + [0] * (longest - len(window.ids)) for window in batch])
    return filled("ids", 0), filled("cases", 0), mask, filled("labels", NO_SIDE)


def _groups(model: BertForTokenClassification) -> list[dict[str, Any]]:
    """Word and place embeddings stay as they are: a few million tokens would only teach them the names drawn here."""
    model.bert.embeddings.word_embeddings.requires_grad_(False)
    model.bert.embeddings.position_embeddings.requires_grad_(False)
    named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    new = [weight for name, weight in named if "classifier" in name or "token_type" in name]
    old = [weight for name, weight in named if "classifier" not in name and "token_type" not in name]
    return [
        {"params": new, "share": 5.0, "weight_decay": 0.0},
        {"params": [weight for weight in old if weight.ndim > 1], "share": 1.0, "weight_decay": 0.01},
        {"params": [weight for weight in old if weight.ndim < 2], "share": 1.0, "weight_decay": 0.0},
    ]


def train(
    model: BertForTokenClassification,
    samples: Iterable[Sample],
    vocabulary: Vocabulary,
    budget: Budget,
    *,
    seed: int,
    report: Reporter,
    save: Path | None = None,
) -> BertForTokenClassification:
    """The model after one round; its state is put at `save` now and then, so that little is lost."""
    torch.manual_seed(seed)
    model.train()
    optimizer = torch.optim.AdamW(_groups(model), lr=budget.rate, fused=True)
    seen, step, loss_sum, saved = 0, 0, 0.0, time.monotonic()
    for batch in batches(samples, vocabulary, budget.batch_tokens, seed):
        factor = min((seen + 1) / (budget.warmup + 1), 1.0)
        if budget.decay:
            factor = min(factor, 1 - seen / budget.tokens)
        for group in optimizer.param_groups:
            group["lr"] = group["share"] * budget.rate * max(factor, 0.005)
        ids, cases, mask, labels = padded(batch)
        logits = model(input_ids=ids, attention_mask=mask, token_type_ids=cases).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=NO_SIDE)
        if not torch.isfinite(loss):  # a batch in which training takes no side
            continue
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen += int(mask.sum())
        step += 1
        loss_sum += loss.item()
        if step % 10 == 0:
            report("fit", seen, budget.tokens, unit="tokens", loss=loss_sum / 10)
            loss_sum = 0.0
        if save is not None and time.monotonic() - saved > 150:
            torch.save(model.state_dict(), save)
            saved = time.monotonic()
        if seen >= budget.tokens:
            break
    model.eval()  # type: ignore[no-untyped-call]
    return model
