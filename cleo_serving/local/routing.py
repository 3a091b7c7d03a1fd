"""`cleo infer --routing`: which experts of a mixture the tokens of a question and its reply went to."""

from __future__ import annotations

from collections.abc import Iterator

from cleo_core.routing import RoutingTrace, summarise
from cleo_core.terminal import printable

WIDTH = 16
"""Characters of a token that are shown."""


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
