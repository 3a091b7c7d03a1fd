"""Upcycling a dense model into each stock layout: is it the same function, at what memory and time?

`largest_logit_difference_X` and `equal_greedy_tokens_X` (percent) compare the mixture with its dense model in fp32;
`peak_mb_X` is the resident memory of a process that upcycles and compares, libraries and mapped pages included;
`seconds_per_gb_X` the CPU-seconds of upcycling alone, for each GB of the result. X is a layout; `groups` are virtual
groups of narrow experts. The peer holds both models in memory, as a script with transformers does. `large` is a
checkpoint of random weights with the shape of a 7B, as many of its layers as the disk allows, up to seven: a result of
20 GB.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import cost_of
from benchmarks.result import Figure, Result
from cleo_core.errors import InputError
from cleo_core.progress import Reporter, silent
from cleo_model.recipe import MoERecipe

RECIPES = {
    "mixtral": MoERecipe(num_experts=8, layout="mixtral"),
    "groups": MoERecipe(num_experts=16, top_k=4, granularity=2, layout="mixtral"),
    "qwen2_moe": MoERecipe(num_experts=8, every=2, shared=0.25, layout="qwen2_moe"),
    "qwen3_moe": MoERecipe(num_experts=8, every=2, layout="qwen3_moe"),
}
SHAPE: dict[str, Any] = {
    "vocab_size": 32_000, "hidden_size": 4096, "intermediate_size": 14_336, "num_attention_heads": 32,
    "num_key_value_heads": 8, "max_position_embeddings": 4096, "sliding_window": None, "eos_token_id": 2,
}  # fmt: skip
"""That of Mistral 7B, but for its 32 layers."""
MOST_LAYERS = 7
LAYER_GB = 3.4
"""Of a layer, dense and with eight experts, in bfloat16."""
PROMPTS = ("The capital of France is", "def sort(values):", "In 1863 there were", "User: How are you?\nAssistant:")
NEW_TOKENS = 24
MIXTURE = "from benchmarks.upcycle import mixture; import sys; mixture(*sys.argv[1:])"
PEER = "from benchmarks.upcycle import in_memory; import sys; in_memory(*sys.argv[1:])"


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Upcycle ``--data`` (a model folder; default: the base model), or random weights, into each layout."""
    result = Result("upcycle", against={} if arguments.no_peers else {"in memory": {}})
    with tempfile.TemporaryDirectory(prefix="cleo-upcycle-") as scratch:
        root = Path(scratch)
        base = _base(arguments, root, report)
        qwen3 = _random(root / "qwen3", "Qwen3", _small(base))
        for name, recipe in RECIPES.items():
            report(f"upcycling into {name}")
            dense = qwen3 if name == "qwen3_moe" else base
            result.figures |= _measured(MIXTURE, dense, root / name, name, recipe)
            result.figures[f"equal_greedy_tokens_{name}"] = _equal_tokens(dense, root / name)
            if name == "mixtral" and not arguments.no_peers:
                report("upcycling in memory")
                result.against["in memory"] |= _measured(PEER, dense, root / "peer", name, recipe)
            shutil.rmtree(root / name)
        result.notes.append(
            f"{base.name}, and a Qwen3 of random weights; {len(PROMPTS)} prompts of {NEW_TOKENS} tokens."
        )
        layers = 0 if arguments.quick else min(MOST_LAYERS, int(shutil.disk_usage(root).free / 1.5e9 / LAYER_GB))
        if layers:
            report(f"upcycling {layers} layers of a 7B")
            dense = _random(root / "large", "Mistral", {**SHAPE, "num_hidden_layers": layers})
            result.figures |= _measured(MIXTURE, dense, root / "result", "large", RECIPES["mixtral"])
            result.notes.append(f"large: {layers} layers of a 7B's shape to 8 experts.")
    return result


def _base(arguments: argparse.Namespace, root: Path, report: Reporter) -> Path:
    from cleo_model.base_model import resolve

    if arguments.data and not arguments.data.is_dir():
        raise InputError(
            f"{arguments.data} is no model folder.", hint="Give a folder with config.json and safetensors."
        )
    (root / "base").mkdir()
    resolve(str(arguments.data or ("tiny" if arguments.quick else "smollm2")), root / "base", report)
    return root / "base"


def _small(base: Path) -> dict[str, Any]:
    known = json.loads((base / "config.json").read_text())
    return {"vocab_size": known["vocab_size"], "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 6,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64, "eos_token_id": 2}  # fmt: skip


def _random(folder: Path, kind: str, shape: dict[str, Any]) -> Path:
    """A checkpoint of random weights in bfloat16, written a tensor at a time, with the tiny model's tokenizer."""
    import torch
    import transformers

    from cleo_model.shards import Form, open_shards
    from cleo_model.tiny_model import make_tiny
    from cleo_model.weights import copy_tokenizer

    config = getattr(transformers, f"{kind}Config")(**shape, dtype=torch.bfloat16)
    build: Any = transformers.AutoModelForCausalLM
    with torch.device("meta"):
        tensors = build.from_config(config, dtype=torch.bfloat16).state_dict()
    # The same numbers again and again: fresh ones would take longer than what is measured.
    numbers = torch.randn(1_000_003, generator=torch.Generator().manual_seed(0)).mul(0.02).bfloat16()
    with open_shards(folder, [Form.of(name, tensor) for name, tensor in tensors.items()]) as write:
        for name, tensor in tensors.items():
            count = tensor.numel()
            values = numbers.repeat(-(-count // len(numbers)))[:count].reshape(tensor.shape)
            write(name, values + 1 if tensor.ndim == 1 else values)
    config.architectures = [f"{kind}ForCausalLM"]
    config.save_pretrained(folder)
    with tempfile.TemporaryDirectory() as tiny:
        make_tiny(Path(tiny))
        copy_tokenizer(Path(tiny), folder)
    return folder


def _measured(script: str, dense: Path, out: Path, name: str, recipe: MoERecipe) -> dict[str, Figure]:
    out.mkdir()
    with tempfile.NamedTemporaryFile(suffix=".json") as told:
        _, peak = cost_of(script, str(dense), str(out), recipe.model_dump_json(), told.name)
        found: dict[str, Figure] = json.loads(Path(told.name).read_text())
    return {f"{key}_{name}": value for key, value in found.items()} | {f"peak_mb_{name}": round(peak / 2**20)}


def mixture(dense: str, out: str, recipe: str, told: str) -> None:
    """In a process of its own: upcycle as the chain does, and compare."""
    from cleo_model.moe.equivalence import same_function
    from cleo_model.moe.upcycle import init_moe

    _import()
    begun = time.process_time()
    init_moe(Path(dense), Path(out), MoERecipe.model_validate_json(recipe), silent)
    spent = time.process_time() - begun
    found = same_function(Path(dense), Path(out))
    figures = {"largest_logit_difference": found.max_abs_diff, "likeliest_token_equal": int(found.argmax_equal)}
    Path(told).write_text(json.dumps(figures | _per_gb(spent, Path(out))))


def in_memory(dense: str, out: str, recipe: str, told: str) -> None:
    """In a process of its own: upcycle as a script with transformers does, and compare both models in memory."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from cleo_model.mixtures import LAYOUTS
    from cleo_model.moe.equivalence import PROBES
    from cleo_model.moe.layout import mixture_config

    _import()
    begun = time.process_time()
    model: Any = AutoModelForCausalLM.from_pretrained(dense, dtype="auto")
    config = mixture_config(model.config, LAYOUTS["mixtral"], MoERecipe.model_validate_json(recipe))
    build: Any = AutoModelForCausalLM
    made = build.from_config(config, dtype=model.dtype)
    weights = {name: value for name, value in model.state_dict().items() if ".mlp." not in name}
    made.load_state_dict(weights, strict=False)
    with torch.no_grad():
        for layer, mlp in zip(made.model.layers, (each.mlp for each in model.model.layers), strict=True):
            layer.mlp.experts.gate_up_proj[:] = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])
            layer.mlp.experts.down_proj[:] = mlp.down_proj.weight
    made.save_pretrained(out)
    spent = time.process_time() - begun
    tokenizer = AutoTokenizer.from_pretrained(dense)
    model.float(), made.float()
    with torch.inference_mode():
        pairs = [[each(**tokenizer(text, return_tensors="pt")).logits for each in (model, made)] for text in PROBES]
    difference = max(float((first - second).abs().max()) for first, second in pairs)
    Path(told).write_text(json.dumps({"largest_logit_difference": difference} | _per_gb(spent, Path(out))))


def _import() -> None:
    """Load what both ways load, before the clock starts."""
    import transformers

    for kind in ("AutoModelForCausalLM", "LlamaForCausalLM", "MixtralForCausalLM", "Qwen2MoeForCausalLM"):
        getattr(transformers, kind)


def _per_gb(spent: float, out: Path) -> dict[str, float]:
    size = sum(file.stat().st_size for file in out.glob("*.safetensors")) / 1e9
    return {"gb": round(size, 2), "seconds_per_gb": round(spent / size, 2)}


def _equal_tokens(dense: Path, made: Path) -> float:
    """Percent of the greedy tokens after the prompts in which both models agree, in plain transformers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(dense)
    said: list[list[int]] = []
    for folder in (dense, made):
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        with torch.inference_mode():
            said.append([
                token
                for text in PROMPTS
                for token in model.generate(
                    **tokenizer(text, return_tensors="pt", return_token_type_ids=False),
                    max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS, do_sample=False,
                )[0, -NEW_TOKENS:].tolist()
            ])  # fmt: skip
    equal = sum(a == b for a, b in zip(*said, strict=True))
    share: float = 100 * equal / len(said[0])
    return round(share, 1)
