"""The planner counts what transformers builds and autograd keeps, and refuses what cannot fit by naming what does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from cleo_core.errors import UnavailableSource
from cleo_model import recipes
from cleo_model.errors import DoesNotFit, RecipeError, UnsupportedArchitecture
from cleo_model.planner.division import WAYS
from cleo_model.planner.machine import gpus
from cleo_model.planner.memory import Division, kept_by_forward, memory_of
from cleo_model.planner.models import config_of, mixture_of
from cleo_model.planner.page import lines
from cleo_model.planner.plan import plan
from cleo_model.planner.shape import shape_of
from cleo_model.planner.work import token_work, useful_work
from cleo_model.recipe import MoERecipe, Recipe

pytestmark = pytest.mark.unit

SHAPE = {
    "vocab_size": 1024, "hidden_size": 128, "intermediate_size": 160, "num_hidden_layers": 5, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 512, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
}  # fmt: skip
MODELS: list[tuple[str, dict[str, Any]]] = [
    ("Llama", {}),
    ("Llama", {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True}),
    ("Mistral", {"head_dim": 48}),
    ("Qwen2", {"tie_word_embeddings": True}),
    ("Qwen3", {"head_dim": 64}),
    ("Qwen3", {"attention_bias": True}),
    ("Mixtral", {"num_local_experts": 6, "num_experts_per_tok": 3}),
    ("Qwen2Moe", {"num_experts": 8, "moe_intermediate_size": 48, "shared_expert_intermediate_size": 96}),
    (
        "Qwen2Moe",
        {
            "num_experts": 8, "decoder_sparse_step": 2, "qkv_bias": False, "mlp_only_layers": [3],
            "moe_intermediate_size": 40, "shared_expert_intermediate_size": 32,
        },
    ),
    ("Qwen3Moe", {"num_experts": 16, "num_experts_per_tok": 8, "moe_intermediate_size": 24}),
    ("Qwen3Moe", {"num_experts": 16, "decoder_sparse_step": 3, "attention_bias": True, "moe_intermediate_size": 24}),
]  # fmt: skip


def built(kind: str, changes: dict[str, Any], device: str = "meta") -> Any:
    config = getattr(transformers, f"{kind}Config")(**{**SHAPE, **changes})
    config._attn_implementation = "sdpa"
    if "Moe" in kind or kind == "Mixtral":
        config._experts_implementation = "grouped_mm"
    with torch.device(device):
        return getattr(transformers, f"{kind}ForCausalLM")(config)


@pytest.mark.parametrize(("kind", "changes"), MODELS)
def test_parameters_are_counted_as_transformers_builds_them(kind: str, changes: dict[str, Any]) -> None:
    model = built(kind, changes)
    shape = shape_of(model.config.to_dict())
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())
    experts = [module for module in model.modules() if type(module).__name__.endswith("Experts")]
    routed = sum(parameter.numel() for module in experts for parameter in module.parameters())
    idle = routed * (shape.experts - shape.top_k) // shape.experts if shape.experts else 0
    assert shape.active == shape.parameters - idle
    assert sum(shape.sparse) == len(experts)
    for last in (0, 2, 5):
        tail = [*model.model.layers[len(model.model.layers) - last :], model.model.norm]
        assert shape.trained(last) == sum(p.numel() for part in tail for p in part.parameters())


@pytest.mark.parametrize(
    ("kind", "changes"),
    [MODELS[0], MODELS[3], ("Mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2})],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_activations_are_those_that_autograd_keeps(kind: str, changes: dict[str, Any], dtype: torch.dtype) -> None:
    model = built(kind, changes, "cpu").to(dtype)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in weights:
            kept[place] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        hidden = model.model(torch.randint(3, 1000, (2, 128)), use_cache=False).last_hidden_state
    found = sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) + 2 * hidden.nbytes
    assert kept_by_forward(shape_of(model.config.to_dict()), 256, dtype.itemsize) == pytest.approx(found, rel=0.05)


def test_the_work_of_a_token_is_six_operations_for_each_active_parameter() -> None:
    shape = shape_of(config_of("mistralai/Mixtral-8x7B-v0.1"))
    assert useful_work(shape, 1) == pytest.approx(6 * (shape.active - shape.embedding), rel=0.001)
    assert token_work(shape, 4096) > useful_work(shape, 4096) > useful_work(shape, 1)
    assert token_work(shape, 4096, 8) == pytest.approx(token_work(shape, 4096) / 2, rel=0.01)


def test_zero_divides_what_it_says_it_divides() -> None:
    shape = shape_of(config_of("mistralai/Mistral-7B-v0.1"))
    one = {stage: memory_of(shape, Division(device="cuda", ranks=8, stage=stage), 1, 2048) for stage in (1, 2, 3)}
    total = shape.parameters
    assert [one[stage].optimizer for stage in (1, 2, 3)] == [12 * total / 8] * 3
    assert [one[stage].gradients for stage in (1, 2, 3)] == [2 * total, 2 * total / 8, 2 * total / 8]
    assert [one[stage].weights for stage in (1, 2, 3)] == [2 * total, 2 * total, 2 * total / 8]
    away = memory_of(shape, Division(device="cuda", ranks=8, stage=3, offload=True), 1, 2048)
    assert away.optimizer == 0
    assert away.host == 16 * total / 8


@pytest.mark.parametrize(
    ("model", "experts", "parameters", "active"),
    [
        ("smollm2", None, 134_515_008, 134_515_008),
        ("smollm2", 4, 373_462_848, 214_210_368),
        ("mistralai/Mistral-7B-v0.1", None, 7_241_732_096, 7_241_732_096),
        ("mistralai/Mistral-7B-v0.1", 8, 46_702_792_704, 12_879_925_248),
        ("mistralai/Mixtral-8x7B-v0.1", None, 46_702_792_704, 12_879_925_248),
    ],
)
def test_known_models_have_the_parameters_that_their_makers_state(
    model: str, experts: int | None, parameters: int, active: int
) -> None:
    shape = shape_of(mixture_of(config_of(model), MoERecipe(num_experts=experts) if experts else None))
    assert (shape.parameters, shape.active) == (parameters, active)


def test_a_mixture_in_another_layout_is_planned_as_it_is_built() -> None:
    dense = {"model_type": "llama", **SHAPE, "num_hidden_layers": 4}
    made = mixture_of(dense, MoERecipe(num_experts=4, layout="qwen2_moe", every=2, shared=0.2))
    shape = shape_of(made)
    assert shape.sparse == (False, True, False, True)
    with torch.device("meta"):
        model = transformers.Qwen2MoeForCausalLM(transformers.Qwen2MoeConfig(**made))
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())


def seven(**engine: Any) -> Recipe:
    recipe = recipes.get("mistral_7b_8x")
    return recipe.replace(engine=recipe.engine.replace(**engine))


def mixtral() -> dict[str, Any]:
    return mixture_of(config_of("mistralai/Mistral-7B-v0.1"), MoERecipe(num_experts=8))


def test_what_cannot_fit_is_refused_and_each_change_that_it_names_does_fit() -> None:
    with pytest.raises(DoesNotFit) as caught:
        plan(mixtral(), seven(), gpus(8, 80), WAYS)
    assert "46.70 billion parameters do not fit 8 GPUs" in caught.value.message
    hint = str(caught.value.hint)
    larger = float(hint.split("8 GPUs of ")[1].split(" GB")[0])
    assert plan(mixtral(), seven(), gpus(8, larger), WAYS).chosen.fits
    with pytest.raises(DoesNotFit):
        plan(mixtral(), seven(), gpus(8, larger - 3), WAYS)
    more = int(hint.split(" of these GPUs")[0].split()[-1])
    assert plan(mixtral(), seven(ranks=more), gpus(more, 80), WAYS).chosen.fits


def test_the_fastest_way_that_fits_is_chosen() -> None:
    dense = config_of("smollm2")
    recipe = recipes.get("mistral_7b_8x").replace(moe=None)
    assert plan(dense, recipe, gpus(8, 80)).chosen.stage == 1
    found = plan(mixtral(), seven(), gpus(64, 80))
    fitting = [option for option in found.options if option.fits]
    assert found.chosen.stage == 3
    assert not found.chosen.offload
    assert found.chosen.tokens_per_second == max(option.tokens_per_second for option in fitting)


def test_hours_and_cost_follow_from_tokens_and_speed() -> None:
    found = plan(mixtral(), seven(), gpus(64, 80))
    assert found.hours * 3600 * found.chosen.tokens_per_second == pytest.approx(found.tokens)
    told = "\n".join(lines(found, gpus(64, 80), 2.0))
    for part in ("46,702,792,704", "12.88 billion", "ZeRO 3", "tokens a second", f"x 2 = {found.hours * 128:,.0f}"):
        assert part in told
    assert "Cost" not in "\n".join(lines(found, gpus(64, 80), None))


def test_this_machine_is_planned_for_by_a_probe() -> None:
    from cleo_model.planner.machine import Processors

    config = {"model_type": "llama", **SHAPE}
    recipe = recipes.get("tiny")
    found = plan(config, recipe.replace(moe=None), Processors(count=1, memory=8e9, half=False), [(1, False)])
    assert found.chosen.seconds > 0
    assert found.utilisation > 0


@pytest.mark.parametrize(
    ("model", "error"),
    [("nobody/unknown-model", UnavailableSource), ("../nowhere", UnavailableSource), ("two words", UnavailableSource)],
)
def test_a_model_whose_shape_is_not_known_is_refused(model: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="not on this machine"):
        config_of(model)
    assert config_of("tiny")["model_type"] == "llama"


def test_a_configuration_in_the_hubs_cache_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from huggingface_hub import constants

    snapshot = tmp_path / "models--a--b" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (tmp_path / "models--a--b" / "refs").mkdir()
    (tmp_path / "models--a--b" / "refs" / "main").write_text("0" * 40)
    (snapshot / "config.json").write_text(json.dumps({"model_type": "llama", **SHAPE}))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert config_of("a/b")["hidden_size"] == 128


def test_an_architecture_that_is_not_trained_here_is_refused() -> None:
    with pytest.raises(UnsupportedArchitecture, match="'gpt2'"):
        shape_of({"model_type": "gpt2"})


def test_more_ranks_than_rows_are_refused(asked: Callable[..., Any]) -> None:
    with pytest.raises(RecipeError, match="ranks"):
        asked(deepspeed=True, ranks=3).of(recipes.get("tiny"))
    assert asked(deepspeed=True, ranks=2).of(recipes.get("tiny")).engine.ranks == 2


@pytest.fixture
def asked() -> Callable[..., Any]:
    from cleo_model.asked import Asked

    return lambda **options: Asked(model="tiny", **options)


def test_a_recipe_keeps_the_counts_that_nobody_asked_to_change(asked: Callable[..., Any]) -> None:
    own = recipes.get("tiny").replace(moe=MoERecipe(num_experts=6, top_k=3, z_loss=0.5))
    assert asked(use_moe=True).of(own).moe == own.moe
    assert asked(use_moe=True, num_experts=8).of(own).moe == MoERecipe(num_experts=8, top_k=3, z_loss=0.5)
    assert asked().of(own).moe is None
    assert recipes.get("mistral_7b_8x").moe == MoERecipe(num_experts=8)


def test_a_recipe_of_many_ranks_is_not_quietly_run_by_one(asked: Callable[..., Any]) -> None:
    with pytest.raises(RecipeError, match="8 ranks"):
        asked(use_moe=True).of(recipes.get("mistral_7b_8x"))
    assert asked(use_moe=True, deepspeed=True).of(recipes.get("mistral_7b_8x")).engine.ranks == 8


def test_fewer_trained_layers_need_less() -> None:
    shape = shape_of(config_of("smollm2"))
    whole = Division(device="cpu", half=False)
    some = memory_of(shape, replace(whole, trained_layers=8), 4, 256)
    assert some.total < 0.7 * memory_of(shape, whole, 4, 256).total
    assert some.weights == memory_of(shape, whole, 4, 256).weights
