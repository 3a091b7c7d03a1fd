"""How hard records are: the base model's loss, measured once for each record and model, and kept.

What is kept holds no text: by model, a digest of a record's tokens and its loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleo_core.compute import compute_dtype, device_kind
from cleo_core.digest import digest_json
from cleo_core.files import numbered_jsonl, write_jsonl
from cleo_core.model_folder import weight_files
from cleo_core.progress import Reporter
from cleo_core.settings import home
from cleo_model.packing.encode import Encoded

SEEN = 256
"""Tokens of a record that its loss is measured on, from its start."""
AT_ONCE = 4096
"""Tokens that go through the model at once."""


class Difficulty:
    """Losses of records by a base model, in nats per token."""

    def __init__(self, base: Path, report: Reporter) -> None:
        self.base = base
        self.report = report
        self.place = home("difficulty") / f"{_digest(base)}.jsonl"
        self.known: dict[str, float] = {}
        if self.place.is_file():
            self.known = {str(line["record"]): float(line["loss"]) for _, line in numbered_jsonl(self.place)}
        self._model: Any = None

    def rows(self, records: NDArray[np.int32], shown: Sequence[Encoded]) -> NDArray[np.float64]:
        """The mean difficulty of each row's tokens ``[rows]``.

        Args:
            records: of which of `shown` each token is, ``[rows, sequence_length]``; -1: padding.
        """
        losses = np.array([*self.losses(shown), 0.0])
        there = records >= 0
        mean: NDArray[np.float64] = (losses[records] * there).sum(1) / there.sum(1).clip(min=1)
        return mean

    def losses(self, records: Sequence[Encoded]) -> list[float]:
        """The loss of each record; what is not known yet is measured and kept."""
        names = [_name(record) for record in records]
        new = {name: record for name, record in zip(names, records, strict=True) if name not in self.known}
        if new:
            self._measure(new)
            write_jsonl(self.place, ({"record": name, "loss": loss} for name, loss in sorted(self.known.items())))
        return [self.known[name] for name in names]

    def _measure(self, new: dict[str, Encoded]) -> None:
        import torch

        if self._model is None:
            from transformers import AutoModelForCausalLM

            device = device_kind()
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                self.base, dtype=compute_dtype(device), use_safetensors=True, trust_remote_code=False
            )
            self._model = loaded.to(device).eval()
        model = self._model
        # Of one length together, so that little is padding.
        waiting = sorted(new, key=lambda name: len(new[name].ids[:SEEN]))
        done = 0
        while done < len(waiting):
            self.report("scoring how hard records are", done, len(waiting))
            width = len(new[waiting[min(len(waiting), done + 16) - 1]].ids[:SEEN])
            part = waiting[done : done + max(1, min(16, AT_ONCE // max(1, width)))]
            rows = [new[name].ids[:SEEN] for name in part]
            width = max(map(len, rows))
            ids = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=model.device)
            real = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
            with torch.inference_mode():
                logits = model(ids, attention_mask=real, use_cache=False).logits[:, :-1].float()
            nats = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
            means = (nats * real[:, 1:]).sum(1) / real[:, 1:].sum(1).clamp(min=1)
            self.known.update(zip(part, (round(value, 4) for value in means.tolist()), strict=True))
            done += len(part)
        self.report("scoring how hard records are", done, len(waiting))


def _name(record: Encoded) -> str:
    return hashlib.sha256(np.asarray(record.ids, dtype=np.uint32).tobytes()).hexdigest()[:32]


def _digest(base: Path) -> str:
    """Of the weights: the same records have another loss under others."""
    from cleo_core.digest import sha256_file

    return digest_json({file.name: sha256_file(file) for file in weight_files(base)})[:32]
