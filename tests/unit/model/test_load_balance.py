"""The routers' losses see what they should see, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cleo_core.progress import silent
from cleo_model.moe.load_balance import RouterWatch
from cleo_model.moe.upcycle import init_moe
from cleo_model.recipe import MoERecipe

pytestmark = pytest.mark.unit
TOKENS = torch.arange(3, 67).reshape(2, 32)


@pytest.fixture
def mixture(llama: Callable[..., Path], tmp_path: Path) -> Any:
    from transformers import AutoModelForCausalLM

    init_moe(llama(), tmp_path, MoERecipe(), silent)
    return AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)


def forward(model: Any, watch: RouterWatch) -> None:
    watch.on = True
    model.model(TOKENS, use_cache=False)
    watch.on = False


def test_an_even_load_costs_one_and_a_collapsed_layer_costs_more(mixture: Any) -> None:
    watch = RouterWatch(mixture)
    forward(mixture, watch)
    even, *_ = watch.losses(torch.ones(64))
    assert float(even) == pytest.approx(1.0, abs=0.1)
    watch.reset()
    # Two layers that collapse onto different experts look even when they are pooled.
    with torch.no_grad():
        for layer, favourites in zip(mixture.model.layers, ((0, 1), (2, 3)), strict=True):
            bias = torch.zeros(4)
            bias[list(favourites)] = 8.0
            hidden = layer.post_attention_layernorm.weight
            layer.mlp.gate.forward = _biased(layer.mlp.gate, bias.to(hidden.device))
    forward(mixture, watch)
    collapsed, *_ = watch.losses(torch.ones(64))
    assert float(collapsed) > 1.9
    assert watch.load()[0] == pytest.approx([0.5, 0.5, 0, 0], abs=1e-6)
    assert watch.load()[1] == pytest.approx([0, 0, 0.5, 0.5], abs=1e-6)


def _biased(router: Any, bias: torch.Tensor) -> Any:
    plain = type(router).forward

    def forward(hidden: torch.Tensor) -> Any:
        logits = plain(router, hidden)[0] + bias
        scores, chosen = torch.topk(logits.softmax(-1), router.top_k, dim=-1)
        return logits, scores / scores.sum(-1, keepdim=True), chosen

    return forward


def test_the_losses_reach_the_router_and_nothing_when_off(mixture: Any) -> None:
    watch = RouterWatch(mixture)
    forward(mixture, watch)
    balance, z, entropy, information = watch.losses(torch.ones(64), 2)
    (balance + z + entropy + information).backward()
    assert all(float(layer.mlp.gate.weight.grad.abs().sum()) > 0 for layer in mixture.model.layers)
    before = watch.tokens
    mixture.model(TOKENS, use_cache=False)
    assert watch.tokens == before


def test_rows_that_keep_to_experts_of_their_own_share_information_and_others_do_not(mixture: Any) -> None:
    watch = RouterWatch(mixture)
    watch.on = True
    logits = torch.full((64, 4), -9.0)
    logits[:32, 0] = logits[32:, 1] = 9.0

    def heard(given: torch.Tensor) -> float:
        weights, chosen = given.softmax(-1).topk(2, dim=-1)
        for index, router in enumerate(watch.routers):
            watch._listen(index, router, None, (given, weights, chosen))
        return float(watch.losses(torch.ones(64), 2).information)

    assert heard(logits) == pytest.approx(0.6931, abs=1e-3)
    assert heard(logits.roll(16, 0)) == pytest.approx(0.0, abs=1e-3)


def test_padding_counts_for_nothing(mixture: Any) -> None:
    watch = RouterWatch(mixture)
    forward(mixture, watch)
    real = torch.ones(64)
    real[32:] = 0
    watch.losses(real)
    assert float(watch.counts.sum()) == 32 * 2 * 2
    assert watch.tokens == 32


def test_a_dense_model_has_no_router_and_no_loss(llama: Callable[..., Path]) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(llama(), dtype=torch.float32)
    watch = RouterWatch(model)
    forward(model, watch)
    assert [float(each) for each in watch.losses(torch.ones(64))] == [0.0] * 4
