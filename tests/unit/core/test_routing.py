"""Where tokens went is what the model did, and its figures say what they claim."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cleo_core.errors import InputError
from cleo_core.routing import (
    RouterListener,
    RoutingTrace,
    dead_experts,
    mutual_information,
    plot_routing,
    plot_tokens,
    probabilities,
    routers,
    routing_tables,
    summarise,
    token_class,
)

pytestmark = pytest.mark.unit
SMALL = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 32, "moe_intermediate_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 2, "num_experts_per_tok": 2, "max_position_embeddings": 64,
}  # fmt: skip
LAYOUTS: dict[str, dict[str, Any]] = {
    "Mixtral": {"num_local_experts": 4},
    "Qwen2Moe": {"num_experts": 4, "shared_expert_intermediate_size": 32, "decoder_sparse_step": 1},
    "Qwen3Moe": {"num_experts": 4, "head_dim": 16},
    "Olmoe": {"num_experts": 4},
    "DeepseekV3": {
        "n_routed_experts": 4, "first_k_dense_replace": 0, "n_group": 1, "topk_group": 1, "q_lora_rank": 16,
        "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 16,
    },
}  # fmt: skip
TOKENS = torch.arange(3, 19).reshape(1, 16)


def model_of(kind: str, **changes: Any) -> Any:
    import transformers

    known = set(getattr(transformers, f"{kind}Config").__dataclass_fields__)
    shape = {name: value for name, value in {**SMALL, **LAYOUTS.get(kind, {})}.items() if name in known}
    torch.manual_seed(0)
    model = getattr(transformers, f"{kind}ForCausalLM")(getattr(transformers, f"{kind}Config")(**shape, **changes))
    return model.eval()


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_trace_is_what_the_routers_of_every_layout_chose(kind: str) -> None:
    model = model_of(kind)
    seen: list[torch.Tensor] = []
    for block in routers(model).values():
        block.register_forward_hook(lambda _module, _inputs, output: seen.append(output[0]))
    with torch.no_grad(), RouterListener(model) as heard:
        model(TOKENS)
        trace = heard.take(["a"] * 16, "letters")
    assert (len(trace), trace.layers, trace.num_experts, trace.domains[0]) == (16, [0, 1], 4, "letters")
    for layer, (router, logits) in enumerate(zip(routers(model).values(), seen, strict=True)):
        likely = probabilities(router, logits)
        assert likely.sum(-1).tolist() == pytest.approx([1.0] * 16)
        chosen = [set(token[layer]) for token in trace.experts]
        assert chosen == [set(row) for row in likely.topk(2).indices.tolist()]
        entropy = -(likely * likely.log()).sum(-1)
        assert [token[layer] for token in trace.entropy] == pytest.approx(entropy.tolist(), abs=1e-3)


def test_nothing_is_heard_after_the_listener_left_and_padding_is_left_out() -> None:
    model = model_of("Mixtral")
    with torch.no_grad(), RouterListener(model) as heard:
        model(TOKENS)
        assert len(heard.take(["a"] * 16, kept=range(10))) == 10
    hooks = [hook for router in routers(model).values() for hook in router._forward_hooks]
    assert not hooks


def test_a_dense_model_is_refused_and_a_mixture_is_not() -> None:
    with pytest.raises(InputError, match="LlamaForCausalLM has no router"):
        RouterListener(model_of("Llama"))
    assert RouterListener(model_of("Mixtral")).num_experts == 4


def made(domains: list[str], experts: list[int], tokens: list[str] | None = None) -> RoutingTrace:
    return RoutingTrace(
        num_experts=4,
        layers=[3],
        tokens=tokens or ["a"] * len(domains),
        domains=domains,
        experts=[[[expert]] for expert in experts],
        weights=[[[1.0]] for _ in experts],
        entropy=[[0.5] for _ in experts],
    )


def test_experts_that_keep_to_a_domain_share_all_its_information_and_others_none() -> None:
    apart = summarise(made(["law"] * 4 + ["code"] * 4, [0, 0, 1, 1, 2, 2, 3, 3]))
    assert apart.domain_information == [pytest.approx(math.log(2), abs=1e-4)]
    assert apart.by_domain["law"] == [[0.5, 0.5, 0, 0]]
    assert (apart.max_load_over_uniform, apart.dead, apart.experts_per_token) == ([1.0], [], [1.0])
    mixed = summarise(made(["law", "code"] * 4, [0, 0, 1, 1, 2, 2, 3, 3]))
    assert mixed.domain_information == [0.0]


def test_a_large_domain_weighs_as_much_as_a_small_one() -> None:
    found = summarise(made(["law"] * 98 + ["code"] * 2, [0] * 98 + [1, 2]))
    assert found.load == [[0.5, 0.25, 0.25, 0.0]]
    assert found.dead == ["3.3"]
    assert mutual_information(np.array([[9.0, 1.0], [90.0, 10.0]])) == pytest.approx(0.0)


def test_kinds_of_tokens_are_told_apart() -> None:
    texts = [" the", "ing", " 42", "3.14", "\n", ".", "<|im_end|>", "[CLS]", "日本"]
    kinds = ["word start", "word part", "number", "number", "space", "punctuation", "special", "special", "word part"]
    assert [token_class(text) for text in texts] == kinds
    found = summarise(made(["a"] * 4, [0, 0, 1, 1], [" the", " a", ".", ","]))
    assert found.class_information == [pytest.approx(math.log(2), abs=1e-4)]


def test_fewer_experts_of_a_token_count_for_what_they_are() -> None:
    trace = made(["a", "a"], [0, 1]).model_copy(update={"experts": [[[0, 1]], [[2, -1]]]})
    found = summarise(trace)
    assert found.load == [[0.25, 0.25, 0.5, 0.0]]
    assert found.experts_per_token == [1.5]


def test_a_trace_comes_back_from_json_and_joins_only_its_own_kind() -> None:
    trace = made(["law"], [0])
    assert RoutingTrace.model_validate_json(trace.model_dump_json()) == trace
    assert RoutingTrace.joined([trace, made(["code"], [1])]).domains == ["law", "code"]
    with pytest.raises(ValueError, match="different models"):
        RoutingTrace.joined([trace, trace.model_copy(update={"layers": [4]})])


def test_an_expert_below_a_twentieth_of_its_share_is_dead() -> None:
    assert dead_experts([[0.4, 0.3, 0.295, 0.005], [0.25, 0.25, 0.25, 0.25]]) == ["0.3"]
    assert dead_experts([[0.4, 0.3, 0.295, 0.005], [0.0, 0.5, 0.25, 0.25]], frozen=1) == ["1.0"]


def test_pictures_and_tables_are_made_of_any_text(tmp_path: Path) -> None:
    trace = made(["law"] * 2 + ["code"] * 2, [0, 1, 2, 3], ["$x_1$", "\n", "日", " a|b"])
    summary = summarise(trace)
    plot_routing(summary, "a phase", tmp_path / "routing.png")
    plot_tokens(trace, tmp_path / "tokens.png")
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("routing.png", "tokens.png"))
    assert "3.2 | 50% (all: 25%)" in routing_tables(summary)["what asks which expert"]
