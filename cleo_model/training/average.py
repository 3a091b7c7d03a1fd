"""The mean of the weights at the last moments of a run: what a longer decay would have reached, for no more steps."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from cleo_core.files import write_atomic
from cleo_model.recipe import Recipe


class Average:
    """Snapshots of trained weights in a folder of the last phase's run, one for each moment.

    A snapshot is written before the checkpoint of its step, so a run that goes on writes what is missing again.
    """

    def __init__(self, recipe: Recipe, phase: str, folder: Path) -> None:
        self.folder = folder
        self.moments = moments(recipe) if phase == recipe.curriculum.phases[-1].name else []
        """Steps of the phase."""

    def keep(self, step: int, weights: Mapping[str, Tensor]) -> None:
        """Write the snapshot of a moment."""
        from safetensors.torch import save

        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self._file(step), save({name: tensor.contiguous().cpu() for name, tensor in weights.items()}))

    def mean(self) -> dict[str, Tensor]:
        """The mean over the moments, in float32."""
        from safetensors.torch import load_file

        total: dict[str, Tensor] = {}
        for step in self.moments:
            for name, tensor in load_file(self._file(step)).items():
                total[name] = total[name] + tensor.float() if name in total else tensor.float()
        return {name: tensor / len(self.moments) for name, tensor in total.items()}

    def clear(self) -> None:
        """Remove the snapshots: the result is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, step: int) -> Path:
        return self.folder / f"{step:06d}.safetensors"


def moments(recipe: Recipe) -> list[int]:
    """Steps of the last phase, evenly spaced over the schedule's decay as far as it lies in that phase."""
    count = recipe.checkpoints.average
    last = recipe.curriculum.steps(recipe.curriculum.phases[-1].name)
    reach = min(last, max(count, round(recipe.optimizer.decay * recipe.curriculum.total_steps)))
    return sorted({last - round(reach * place / count) for place in range(count)} - {0})


@torch.no_grad()
def put(weights: Mapping[str, Tensor], model: torch.nn.Module) -> None:
    """Let the model compute with these weights; those that are not named stay."""
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.copy_(weights[name])
