"""`cleo infer --routing`: which experts of a mixture the tokens of a question and its reply went to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cleo_core.compute import compute_dtype, device_kind
from cleo_core.routing import RoutingTrace, summarise, trace_texts
from cleo_core.terminal import printable

WIDTH = 16
"""Characters of a token that are shown."""


def trace(folder: Path, tokens: Sequence[Sequence[int]]) -> list[RoutingTrace]:
    """The routing of each of some texts by the model in a folder, which is loaded for it once more.

    Raises:
        InputError: the model is no mixture of experts, or of a kind that is not known.
    """
    import transformers

    quiet: Any = transformers.utils.logging
    quiet.disable_progress_bar()
    device = device_kind()
    # transformers leaves both untyped.
    causal, coder = transformers.AutoModelForCausalLM, transformers.AutoTokenizer
    model: Any = causal.from_pretrained(
        folder,
        dtype=compute_dtype(device),
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    tokenizer: Any = coder.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    model = model.to(device).eval()
    return [trace_texts(model, tokenizer, [("", ids)]) for ids in tokens]


def lines(traced: RoutingTrace) -> Iterator[str]:
    """A line for each token: the experts of each layer, the likeliest first, and how sure the routers were."""
    figures = summarise(traced)
    yield f"{'token':<{WIDTH}}  entropy  experts of layers {traced.layers[0]} to {traced.layers[-1]}"
    for text, experts, entropy in zip(traced.tokens, traced.experts, traced.entropy, strict=True):
        shown = printable(text.replace("\n", "⏎").replace("\t", "⇥"))[:WIDTH]
        asked = " ".join("+".join(str(expert) for expert in layer if expert >= 0) for layer in experts)
        yield f"{shown:<{WIDTH}}  {sum(entropy) / len(entropy):7.3f}  {asked}"
    busiest = max(figures.max_load_over_uniform)
    yield f"{figures.tokens:,} tokens; the busiest expert of a layer gets up to {busiest:.2f} of its fair share."
