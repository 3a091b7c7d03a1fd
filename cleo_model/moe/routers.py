"""Where the routers of a mixture begin: at random, or at clusters of what each layer's router will see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cleo_core.progress import Reporter
from cleo_model.recipe import MoERecipe

if TYPE_CHECKING:
    from torch import Tensor

    from cleo_model.shards import Form


class Routers:
    """The new tensors of a mixture, layer by layer in ascending order: routers, and gates of shared experts."""

    def __init__(self, base: Path, recipe: MoERecipe, sparse: Sequence[int], report: Reporter) -> None:
        import torch

        self.recipe = recipe
        self._generator = torch.Generator().manual_seed(recipe.seed)
        self._clusters: dict[int, Tensor] = {}
        if recipe.router == "clusters":
            from cleo_model.moe.clusters import cluster_rows

            report("clustering the hidden states of each layer")
            groups = recipe.num_experts // recipe.granularity
            self._clusters = cluster_rows(base, groups, sparse, recipe.router_std, recipe.seed)

    def new(self, form: Form, layer: int | None) -> Tensor:
        """The values of a new tensor of layer `layer`, in its own dtype."""
        import torch

        from cleo_model.shards import torch_dtype

        dtype = torch_dtype(form.dtype)
        if form.name.endswith(".shared_expert_gate.weight"):
            return torch.zeros(form.shape, dtype=dtype)
        slices = self.recipe.granularity
        if layer in self._clusters:
            rows = self._clusters[layer]
        else:
            groups = torch.randn(form.shape[0] // slices, form.shape[1], generator=self._generator)
            rows = groups * self.recipe.router_std
        # The narrow experts of a group are chosen together.
        return rows.repeat_interleave(slices, dim=0).to(dtype)
