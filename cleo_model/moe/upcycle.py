"""Sparse upcycling: a dense model becomes a mixture of experts that computes the same function.

    layer by layer: dense tensors ─> parts of them, scaled ─> shards on disk

Every expert starts as a copy of the dense MLP, so for any router the renormalised top-k mixture equals the dense output
(Komatsuzaki et al. 2022, arXiv:2212.05055). Two refinements keep that so, both with powers of two, so that nothing is
rounded:

- granularity G: expert e holds the e mod G-th of G slices of the MLP, its output times G; the G experts of a group have
  one router row, so that top-k takes whole groups, and with them every slice (He et al. 2024, arXiv:2410.07524).
- shared expert: a slice that every token visits behind a sigmoid gate, whose weights begin at 0; its output times 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cleo_core.model_folder import read_config
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import Summary
from cleo_model.mixtures import Layout
from cleo_model.moe.equivalence import SameFunction
from cleo_model.moe.layout import choose, mixture_config, shared_width, sparse_layers
from cleo_model.recipe import MoERecipe
from cleo_model.shards import SHARD, Form, open_shards

if TYPE_CHECKING:
    from torch import Tensor

    from cleo_model.weights import Checkpoint


class MoESizes(BaseModel):
    """How large a mixture is."""

    parameters: int
    active_parameters: int
    """Used for one token."""
    num_experts: int
    top_k: int
    digest: str


class MoESummary(Summary, MoESizes):
    """The sizes of a mixture, and whether it computes what the dense model does."""

    same_function: SameFunction


@dataclass(frozen=True, slots=True)
class Part:
    """A tensor of the mixture: what it is made of."""

    form: Form
    source: str
    """A tensor of the dense model; empty: new."""
    units: tuple[int, int] | None = None
    """The slice of the MLP that it holds, as first and last + 1; None: all of the tensor."""
    scale: float = 1.0

    def of(self, dense: Tensor) -> Tensor:
        """The values, from those of the source."""
        if self.units is None:
            return dense
        part = slice(*self.units)
        return dense[:, part] * self.scale if self.source.endswith("down_proj.weight") else dense[part]


@dataclass(frozen=True, slots=True)
class Upcycling:
    """How the tensors of a mixture follow from those of a dense model."""

    dense: Mapping[str, Form]
    layout: Layout
    recipe: MoERecipe
    sparse: Sequence[int]
    """Layers that become mixtures."""
    shared: int
    """Width of the shared expert."""
    router_dtype: str

    def parts(self, layer: int | None) -> Iterator[Part]:
        """The tensors of a layer, or of what is in none."""
        prefix = "model.layers."
        for name, form in self.dense.items():
            inside = int(name.split(".")[2]) if name.startswith(prefix) else None
            # Some old checkpoints store what is computed from the configuration.
            if inside != layer or name.endswith(".rotary_emb.inv_freq"):
                continue
            if layer is None or layer not in self.sparse or ".mlp." not in name:
                yield Part(form, name)
            else:
                yield from self._experts(form, f"{prefix}{layer}.{self.layout.block}")
        if layer in self.sparse:
            hidden = self.dense["model.norm.weight"].shape[0]
            block = f"{prefix}{layer}.{self.layout.block}"
            yield Part(Form(f"{block}.gate.weight", self.router_dtype, (self.recipe.num_experts, hidden)), "")
            if self.shared:
                yield Part(Form(f"{block}.shared_expert_gate.weight", self.router_dtype, (1, hidden)), "")

    def _experts(self, dense: Form, block: str) -> Iterator[Part]:
        """What a projection of the dense MLP becomes."""
        projection = dense.name.removesuffix(".weight").rpartition(".")[2]
        down = projection == "down_proj"
        width = dense.shape[1 if down else 0]
        slices, each = self.recipe.granularity, (width - self.shared) // self.recipe.granularity

        def part(name: str, units: tuple[int, int], scale: float) -> Part:
            size = units[1] - units[0]
            shape = (dense.shape[0], size) if down else (size, dense.shape[1])
            whole = size == width
            return Part(Form(name, dense.dtype, shape), dense.name, None if whole else units, scale)

        if self.shared:
            yield part(f"{block}.shared_expert.{projection}.weight", (0, self.shared), 2.0)
        for expert in range(self.recipe.num_experts):
            first = self.shared + expert % slices * each
            yield part(self.layout.expert(block, expert, projection), (first, first + each), float(slices))


def init_moe(base: Path, out: Path, recipe: MoERecipe, report: Reporter, *, shard: int = SHARD) -> MoESizes:
    """Write the upcycled model of folder `base` into folder `out`, a layer at a time.

    Memory is that of a layer of the dense model, whatever the number of experts and layers.

    Args:
        shard: bytes of a weight file, at most.

    Raises:
        UnsupportedArchitecture: no layout, or not that of the recipe, expresses the dense model exactly.
        UnsafeWeights, UnusableModel: the folder holds no whole weights in safetensors.
        EnvironmentFault: no room on the disk.
    """
    from transformers import AutoConfig, GenerationConfig

    from cleo_core.digest import tree_digest
    from cleo_model.moe.routers import Routers
    from cleo_model.weights import Checkpoint, copy_tokenizer

    choose(read_config(base), recipe)  # before transformers, which knows not all that is refused by name
    dense: Any = AutoConfig.from_pretrained(base, trust_remote_code=False)
    layout = choose(dense.to_dict(), recipe)
    config = mixture_config(dense, layout, recipe)
    checkpoint = Checkpoint.of(base)
    plan = Upcycling(
        dense=checkpoint.forms,
        layout=layout,
        recipe=recipe,
        sparse=sparse_layers(dense.num_hidden_layers, recipe),
        shared=shared_width(layout, dense.intermediate_size, recipe),
        router_dtype=_stored(config.dtype) or checkpoint.forms["model.norm.weight"].dtype,
    )
    report("upcycling", 0, 1, experts=recipe.num_experts, top_k=recipe.top_k, layout=layout.model_type)
    parts = {at: list(plan.parts(at)) for at in (None, *range(dense.num_hidden_layers))}
    routers = Routers(base, recipe, plan.sparse, report)
    _write(parts, checkpoint, routers, out, shard, report)
    config.save_pretrained(out)
    if (base / "generation_config.json").is_file():
        GenerationConfig.from_pretrained(base).save_pretrained(out)
    copy_tokenizer(base, out)
    made = [part.form for inside in parts.values() for part in inside]
    total = sum(form.numbers for form in made)
    experts = sum(form.numbers for form in made if ".experts." in form.name)
    report("upcycling", 1, 1, parameters=total)
    return MoESizes(
        parameters=total,
        active_parameters=total - experts + experts * recipe.top_k // recipe.num_experts,
        num_experts=recipe.num_experts,
        top_k=recipe.top_k,
        digest=tree_digest(out)[0],
    )


def _write(
    parts: Mapping[int | None, Sequence[Part]],
    checkpoint: Checkpoint,
    routers: Any,
    out: Path,
    shard: int,
    report: Reporter,
) -> None:
    with open_shards(out, [part.form for inside in parts.values() for part in inside], shard) as write:
        for done, (layer, inside) in enumerate(parts.items()):
            # Read anew for each layer: what is mapped of a file counts as memory until it is given back.
            for source in dict.fromkeys(part.source for part in inside if part.source):
                values = checkpoint.read([source])[source]
                for part in inside:
                    if part.source == source:
                        write(part.form.name, part.of(values))
            for part in inside:
                if not part.source:
                    write(part.form.name, routers.new(part.form, layer))
            report("upcycling", done, len(parts))


def _stored(dtype: Any) -> str:
    """safetensors' name of a torch dtype, empty for None."""
    from cleo_model.shards import NAMES

    return NAMES[str(dtype).removeprefix("torch.")] if dtype is not None else ""
