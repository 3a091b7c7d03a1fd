"""What training adds to routing does what it says, and is gone where a stock runtime has to do without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cleo_core.progress import silent
from cleo_core.routing import RouterListener, RoutingTrace, routers, summarise
from cleo_model.errors import RecipeError
from cleo_model.moe.dynamic import DynamicRouting, RoutingState, over_capacity
from cleo_model.moe.load_balance import RouterWatch
from cleo_model.moe.upcycle import init_moe
from cleo_model.recipe import MoERecipe, RoutingRecipe

pytestmark = pytest.mark.unit
TOKENS = torch.arange(3, 131).reshape(2, 64)
STEPS = 100


@pytest.fixture(scope="module")
def folder(llama: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("moe")
    # Routers that are sure: with the usual weights every token would ask about as many.
    init_moe(llama(), place, MoERecipe(router_std=0.2), silent)
    return place


@pytest.fixture
def mixture(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).train()


def recipe(**routing: Any) -> MoERecipe:
    return MoERecipe(routing=RoutingRecipe(**routing))


def traced(model: Any) -> RoutingTrace:
    with torch.no_grad(), RouterListener(model) as heard:
        model(TOKENS)
        return heard.take(["a"] * TOKENS.numel())


def test_top_p_asks_as_many_experts_as_it_needs_and_no_more(mixture: Any) -> None:
    dynamic = DynamicRouting(mixture, recipe(choice="top_p", max_k=3), STEPS)
    dynamic.restore(RoutingState(threshold=0.8, idle=[[0] * 4] * 2, bonus=[[0.0] * 4] * 2))
    dynamic.begin(0, 0)
    trace = traced(mixture)
    counts = {sum(expert >= 0 for expert in layer) for token in trace.experts for layer in token}
    assert counts == {1, 2, 3}
    assert all(sum(layer) == pytest.approx(1, abs=1e-3) for token in trace.weights for layer in token)
    # A surer router asks fewer.
    entropy = {count: [] for count in counts}  # type: dict[int, list[float]]
    for token, sure in zip(trace.experts, trace.entropy, strict=True):
        entropy[sum(expert >= 0 for expert in token[0])].append(sure[0])
    means = [sum(found) / len(found) for _, found in sorted(entropy.items())]
    assert means == sorted(means)


def test_what_is_measured_and_what_the_last_steps_train_is_stock_routing(mixture: Any, folder: Path) -> None:
    from transformers import AutoModelForCausalLM

    stock = traced(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32))
    dynamic = DynamicRouting(mixture, recipe(choice="top_p", jitter=0.5, settle=0.3), STEPS)
    dynamic.begin(69, 0)
    assert traced(mixture) != stock
    dynamic.begin(70, 0)
    assert traced(mixture) == stock
    dynamic.begin(0, 0)
    mixture.eval()
    assert traced(mixture) == stock


def test_the_threshold_is_steered_to_the_experts_that_are_expected(mixture: Any) -> None:
    dynamic = DynamicRouting(mixture, recipe(choice="top_p", expected_k=1.5), STEPS)
    watch = RouterWatch(mixture)
    for step in range(60):
        dynamic.begin(step, 0)
        watch.reset()
        watch.on = True
        with torch.no_grad():
            mixture.model(TOKENS)
        watch.losses(torch.ones(TOKENS.numel()))
        dynamic.learn(watch.load(), watch.experts_per_token())
    assert watch.experts_per_token() == pytest.approx(1.5, abs=0.15)
    assert sum(summarise(traced(mixture)).experts_per_token) / 2 == pytest.approx(1.5, abs=0.15)


def test_noise_is_the_same_at_the_same_place_and_another_at_the_next(mixture: Any) -> None:
    dynamic = DynamicRouting(mixture, recipe(jitter=0.5), STEPS)
    found = []
    for step in (1, 1, 2):
        dynamic.begin(step, 0)
        found.append(traced(mixture))
    assert found[0] == found[1] != found[2]


def test_a_dead_expert_is_offered_tokens_and_others_are_left_alone(mixture: Any) -> None:
    for router in routers(mixture).values():
        with torch.no_grad():
            router.weight[3] = 0
            router.weight[:3] *= 0.01
    before = summarise(traced(mixture)).load

    def after(revive: int | None) -> list[list[float]]:
        dynamic = DynamicRouting(mixture, recipe(revive_after=revive), STEPS)
        load = before
        for step in range(20):
            dynamic.begin(step, 0)
            # As if nobody had asked it, whatever these few tokens do.
            load = [[0.4, 0.3, 0.3, 0.0]] * 2
            dynamic.learn(load, 2.0)
        dynamic.begin(20, 0)
        return summarise(traced(mixture)).load

    assert after(None) == before
    revived = after(5)
    assert all(layer[3] > 0.4 for layer in revived)


def deepseek() -> Any:
    from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

    torch.manual_seed(0)
    config = DeepseekV3Config(
        vocab_size=256, hidden_size=32, intermediate_size=32, moe_intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, n_routed_experts=4, num_experts_per_tok=2,
        first_k_dense_replace=0, n_group=1, topk_group=1, q_lora_rank=16, kv_lora_rank=16, qk_rope_head_dim=8,
        qk_nope_head_dim=8, v_head_dim=16, initializer_range=0.5,
    )  # fmt: skip
    return DeepseekV3ForCausalLM(config).train()


def test_balance_by_bias_evens_the_load_where_the_model_carries_one_and_is_refused_elsewhere(mixture: Any) -> None:
    wanted = recipe(balance="bias", bias_rate=0.02)
    with pytest.raises(RecipeError, match="MixtralForCausalLM, whose MixtralTopKRouter has no bias"):
        DynamicRouting(mixture, wanted, STEPS)
    model = deepseek()
    before = max(summarise(traced(model)).max_load_over_uniform)
    dynamic = DynamicRouting(model, wanted, STEPS)
    for step in range(40):
        dynamic.begin(step, 0)
        dynamic.learn(summarise(traced(model)).load, 2.0)
    after = traced(model)
    assert max(summarise(after).max_load_over_uniform) < 1.15 < before
    # The bias is in the model's own weights, and comes back with a checkpoint's state.
    again = deepseek()
    DynamicRouting(again, wanted, STEPS).restore(dynamic.state)
    assert traced(again) == after
    with pytest.raises(RecipeError, match="a bias of its own"):
        DynamicRouting(model, recipe(choice="top_p"), STEPS)


def test_what_a_capacity_limit_would_drop_is_told() -> None:
    assert over_capacity([[0.25] * 4, [0.25] * 4], 1.25) == 0
    assert over_capacity([[0.7, 0.1, 0.1, 0.1], [0.25] * 4], 1.2) == pytest.approx(0.2)
