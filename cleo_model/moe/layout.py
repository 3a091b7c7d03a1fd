"""What each stock architecture of mixtures can express of a dense model, and the configuration that goes with it.

| layout    | dense models                     | sparse layers | beside the routed experts |
| --------- | -------------------------------- | ------------- | ------------------------- |
| mixtral   | Llama, Mistral                   | all           | nothing                   |
| qwen2_moe | Llama, Mistral, Qwen2            | any           | a shared expert, always   |
| qwen3_moe | Qwen3                            | any           | nothing                   |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cleo_model.errors import UnsupportedArchitecture
from cleo_model.mixtures import DENSE, LAYOUTS, Layout
from cleo_model.recipe import MoERecipe

LACKING = {
    "gemma": "scaled embeddings",
    "gemma2": "logit soft-capping",
    "gemma3_text": "query and key norms with scaled embeddings",
    "olmo2": "norms after attention and MLP",
    "phi3": "partial rotary embeddings and fused projections",
    "gpt2": "learned positions",
    "gpt_neox": "parallel residuals",
}
"""What other architectures have that no layout here expresses."""
KEPT = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "head_dim", "hidden_act", "max_position_embeddings", "initializer_range", "rms_norm_eps", "pad_token_id",
    "bos_token_id", "eos_token_id", "tie_word_embeddings", "rope_parameters", "attention_dropout", "sliding_window",
)  # fmt: skip
"""Of a configuration: what a mixture computes just as its dense model does, and so takes over unchanged."""
SHARED = 0.25
"""Share of the MLP's width in the shared expert, where a layout has one and the recipe does not say."""


def lacks(layout: Layout, config: Mapping[str, Any], recipe: MoERecipe) -> list[str]:
    """What of a dense configuration and a recipe a layout cannot express exactly."""
    kind, biases = config.get("model_type"), config.get("attention_bias")
    windows = set(config.get("layer_types") or ())
    found = {
        "attention without query and key norms": layout.model_type == "qwen3_moe" and kind != "qwen3",
        "query and key norms": layout.model_type != "qwen3_moe" and kind == "qwen3",
        "biases in attention": layout.model_type == "mixtral" and (kind == "qwen2" or biases),
        "bias after attention": layout.model_type == "qwen2_moe" and kind != "qwen2" and biases,
        "sliding window in some layers only": layout.model_type != "qwen2_moe" and len(windows) > 1,
        "dense layers between": not layout.some_layers and not recipe.all_layers,
        "shared expert": not layout.shared and bool(recipe.shared),
    }
    return [reason for reason, holds in found.items() if holds]


def shared_width(layout: Layout, width: int, recipe: MoERecipe) -> int:
    """How much of an MLP's width the shared expert takes; what it leaves is divided among the routed ones.

    Raises:
        UnsupportedArchitecture: the rest cannot be divided.
    """
    share = (SHARED if recipe.shared is None else recipe.shared) if layout.shared else 0.0
    # Quantised formats store blocks of 32 weights.
    unit = recipe.granularity * (32 if width % 32 == 0 else 1)
    routed = max(1, round((1 - share) * width / unit)) * unit if share else width
    if layout.shared and routed >= width:
        raise UnsupportedArchitecture(
            f"A shared expert with {share:.0%} of {width} units leaves no whole number to "
            f"experts of granularity {recipe.granularity}.",
            hint="Give `shared` between 0 and 1, away from both, or a smaller granularity.",
        )
    if routed % recipe.granularity:
        raise UnsupportedArchitecture(
            f"{routed} units of an MLP cannot be divided into {recipe.granularity} equal parts.",
            hint="Choose a granularity that divides them.",
        )
    return width - routed


def choose(config: Mapping[str, Any], recipe: MoERecipe) -> Layout:
    """The layout of the recipe, or the first that expresses the dense model and the recipe exactly.

    Raises:
        UnsupportedArchitecture: names the architecture, what the layout lacks, and the nearest that can.
    """
    name = (config.get("architectures") or [config.get("model_type", "unknown")])[0]
    kind = str(config.get("model_type"))
    if kind in LAYOUTS or kind in ("deepseek_v3", "olmoe") or config.get("num_local_experts"):
        raise UnsupportedArchitecture(f"{name} is a mixture of experts already.", hint="Train it without --use-moe.")
    why = LACKING.get(kind)
    if kind in DENSE:
        if config.get("mlp_bias"):
            why = "biases in the MLP"
        elif config.get("hidden_act", "silu") != "silu":
            why = f"activation {config['hidden_act']}"
    if kind not in DENSE or why:
        raise UnsupportedArchitecture(
            f"{name} cannot become a mixture of experts that computes the same function"
            + (f": no layout here has {why}." if why else "."),
            hint="Use a Llama, Mistral, Qwen2 or Qwen3 model, or train it dense (without --use-moe).",
        )
    lacking = {layout.model_type: lacks(layout, config, recipe) for layout in LAYOUTS.values()}
    fitting = [layout for layout, reasons in lacking.items() if not reasons]
    if recipe.layout == "auto" and fitting:
        return LAYOUTS[fitting[0]]
    if recipe.layout in fitting:
        return LAYOUTS[recipe.layout]
    nearest = recipe.layout if recipe.layout != "auto" else min(lacking, key=lambda layout: len(lacking[layout]))
    raise UnsupportedArchitecture(
        f"{name} cannot become {LAYOUTS[nearest].class_name} and compute the same function: "
        f"it has no {', no '.join(lacking[nearest])}.",
        hint=f"Exact is: {', '.join(fitting)} (`layout` of the recipe)."
        if fitting
        else "Leave that out of the recipe, or train the model dense (without --use-moe).",
    )


def sparse_layers(count: int, recipe: MoERecipe) -> list[int]:
    """Which of a model's layers become mixtures; the others stay dense.

    Raises:
        UnsupportedArchitecture: none does.
    """
    found = [at for at in range(count) if (at + 1) % recipe.every == 0 and at not in recipe.dense_layers]
    if not found:
        raise UnsupportedArchitecture(
            f"No layer of {count} would be a mixture: every {recipe.every}th, without {list(recipe.dense_layers)}.",
            hint="Lower `every`, or name fewer dense layers.",
        )
    return found


def mixture_config(dense: Any, layout: Layout, recipe: MoERecipe) -> Any:
    """The transformers configuration of the mixture that goes with a dense configuration."""
    import transformers

    have = dense.to_dict()
    kept = {key: have[key] for key in KEPT if key in have}
    width = have["intermediate_size"]
    shared = shared_width(layout, width, recipe)
    routed = (width - shared) // recipe.granularity
    window = have.get("sliding_window")
    more: dict[str, Any] = {"router_aux_loss_coef": recipe.load_balance, "num_experts_per_tok": recipe.top_k}
    if layout.model_type == "mixtral":
        more |= {"num_local_experts": recipe.num_experts, "intermediate_size": routed}
    else:
        more |= {
            "num_experts": recipe.num_experts,
            "moe_intermediate_size": routed,
            "norm_topk_prob": True,
            "decoder_sparse_step": recipe.every,
            "mlp_only_layers": list(recipe.dense_layers),
            "use_sliding_window": bool(window),
            "head_dim": have.get("head_dim") or have["hidden_size"] // have["num_attention_heads"],
        }
    if layout.model_type == "qwen2_moe":
        everywhere = ["sliding_attention" if window else "full_attention"] * have["num_hidden_layers"]
        more |= {
            "shared_expert_intermediate_size": shared,
            "qkv_bias": have["model_type"] == "qwen2",
            "layer_types": have.get("layer_types") or everywhere,
        }
    if layout.model_type == "qwen3_moe":
        more["attention_bias"] = bool(have.get("attention_bias"))
    config = getattr(transformers, f"{layout.class_name}Config")(**{**kept, **more}, output_router_logits=False)
    if layout.model_type == "mixtral":
        # Mixtral's own default would be a window that Llama does not have.
        config.sliding_window = window
    config.dtype = dense.dtype
    config.architectures = [f"{layout.class_name}ForCausalLM"]
    return config
