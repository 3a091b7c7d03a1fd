"""The rows of a phase, by their place: the sampler's whole state is one number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cleo_core.errors import UnusableModel


@dataclass(frozen=True, slots=True)
class Batch:
    """Tokens and targets ``[rows, sequence_length]``; `real` is 1 where there is no padding."""

    tokens: Tensor
    targets: Tensor
    real: Tensor


class Phase:
    """Rows of a packed phase or held-out domain, mapped from the disk."""

    def __init__(self, curriculum: Path, name: str) -> None:
        try:
            self.tokens = np.load(curriculum / f"{name}.tokens.npy", mmap_mode="r")
            self.targets = np.load(curriculum / f"{name}.targets.npy", mmap_mode="r")
            self.sources = np.load(curriculum / f"{name}.sources.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise UnusableModel(f"The curriculum has no readable part {name}: {error}.") from None

    def __len__(self) -> int:
        return len(self.tokens)

    def rows(self, first: int, last: int, device: torch.device, cut: int | None = None) -> Batch:
        """Rows `first` to `last`, without `last`; cut into rows of `cut` tokens, where that is given."""
        here, length = slice(first, last), cut or self.tokens.shape[1]
        return Batch(
            torch.from_numpy(self.tokens[here].astype(np.int64)).reshape(-1, length).to(device),
            torch.from_numpy(np.array(self.targets[here])).reshape(-1, length).to(device),
            torch.from_numpy((self.sources[here] != 255).astype(np.float32)).reshape(-1, length).to(device),
        )

    def target_count(self, first: int, last: int, cut: int | None = None) -> int:
        """Targets in these rows; the first token of a row has nothing before it to be predicted from."""
        return int(self.targets[first:last].reshape(-1, cut or self.targets.shape[1])[:, 1:].sum())


def heldout_domains(curriculum: Path) -> dict[str, Phase]:
    """The held-out rows of every domain that has some."""
    names = sorted(file.name.split(".")[1] for file in curriculum.glob("heldout.*.tokens.npy"))
    parts = {name: Phase(curriculum, f"heldout.{name}") for name in names}
    return {name: part for name, part in parts.items() if len(part) and part.target_count(0, len(part))}
