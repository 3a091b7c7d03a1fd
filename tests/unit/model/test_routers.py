"""Where routers begin: at clusters of what they will see, evenly, and as the random ones in all else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cleo_core.progress import silent
from cleo_model.moe.clusters import rows_of
from cleo_model.moe.equivalence import same_function
from cleo_model.moe.upcycle import init_moe
from cleo_model.recipe import MoERecipe
from cleo_model.weights import read_tensors

pytestmark = pytest.mark.unit


def test_each_cluster_of_inputs_gets_an_expert_of_its_own_though_all_have_much_in_common() -> None:
    generator = torch.Generator().manual_seed(0)
    kinds = torch.randn(4, 64, generator=generator)
    common = 5 * torch.randn(64, generator=generator)
    kind = torch.arange(800) % 4
    inputs = common + 3 * kinds[kind] + 0.3 * torch.randn(800, 64, generator=generator)
    rows = rows_of(inputs, 4, 0.02, generator)
    chosen = (inputs @ rows.T).argmax(1)
    pairs = {(int(a), int(b)) for a, b in zip(kind, chosen, strict=True)}
    assert len(pairs) == 4
    assert len({expert for _, expert in pairs}) == 4
    random = 0.02 * torch.randn(4, 64, generator=generator)
    spread, wanted = (inputs @ rows.T).std(), 0.02 * inputs.norm(dim=1).pow(2).mean().sqrt()
    assert spread == pytest.approx(float(wanted), rel=1e-3)
    assert spread == pytest.approx(float((inputs @ random.T).std()), rel=1.0)


def test_clustered_routers_compute_the_same_function_and_differ_from_random_ones(
    llama: Callable[..., Path], tmp_path: Path
) -> None:
    dense = llama(intermediate_size=128)
    recipe = MoERecipe(num_experts=8, top_k=4, granularity=2, router="clusters")
    for name, chosen in (("one", recipe), ("two", recipe), ("random", recipe.replace(router="random"))):
        (tmp_path / name).mkdir()
        init_moe(dense, tmp_path / name, chosen, silent)
    assert same_function(dense, tmp_path / "one").passed
    gate = "model.layers.1.block_sparse_moe.gate.weight"
    one, two, random = (read_tensors(tmp_path / name)[gate] for name in ("one", "two", "random"))
    assert one.equal(two)
    assert not one.equal(random)
    assert one[0].equal(one[1]), "the narrow experts of a group are chosen together"
    assert not one[0].equal(one[2])
