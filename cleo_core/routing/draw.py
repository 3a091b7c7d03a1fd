"""Pictures of routing: who asks which expert, and where each token went."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cleo_core.routing.measure import RoutingSummary
from cleo_core.routing.trace import RoutingTrace

SHOWN = 120
"""Tokens in one picture: more cannot be read."""


def plot_routing(summary: RoutingSummary, title: str, file: Path) -> None:
    """Heatmaps: the load of every expert, and how much more each domain and kind of token asks it than all do."""
    from matplotlib.figure import Figure

    fair = 1 / summary.num_experts
    groups = [("domain", summary.by_domain), ("token class", summary.by_class)]
    groups = [(what, found) for what, found in groups if len(found) > 1]
    columns = len(summary.layers) * summary.num_experts
    heights = [summary.num_experts, *(len(found) for _, found in groups)]
    figure = Figure(
        figsize=(max(6, 0.12 * columns + 3), 1.6 * len(heights) + 0.25 * sum(heights)), layout="constrained"
    )
    axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=[height + 2 for height in heights])[:, 0]
    load = np.asarray(summary.load)
    picture = axes[0].imshow(load.T, aspect="auto", vmin=0, vmax=2 * fair, cmap="RdBu_r")
    axes[0].set(title=f"{title}: expert load (white is fair, {fair:.2f})", xlabel="layer", ylabel="expert")
    axes[0].set_xticks(range(len(summary.layers)), list(map(str, summary.layers)))
    axes[0].set_yticks(range(summary.num_experts))
    figure.colorbar(picture, ax=axes[0])
    for panel, (what, found) in zip(axes[1:], groups, strict=True):
        excess = np.asarray([np.asarray(shares).ravel() for shares in found.values()]) - load.ravel()
        picture = panel.imshow(excess, aspect="auto", vmin=-fair, vmax=fair, cmap="RdBu_r")
        panel.set(title=f"share by {what}, above that of all", xlabel="layer (its experts side by side)")
        panel.set_yticks(range(len(found)), list(found))
        places = np.arange(len(summary.layers)) * summary.num_experts
        panel.set_xticks(places - 0.5, list(map(str, summary.layers)), ha="left")
        panel.grid(axis="x", color="#64748b", linewidth=0.4)
        figure.colorbar(picture, ax=panel)
    figure.savefig(file, dpi=90)


def plot_tokens(trace: RoutingTrace, file: Path) -> None:
    """The first expert of each token in each layer as a colour, paler where the router was less sure."""
    from matplotlib.figure import Figure

    count = min(len(trace), SHOWN)
    first = np.asarray([[layer[0] for layer in token] for token in trace.experts[:count]]).T
    sure = np.asarray([[layer[0] for layer in token] for token in trace.weights[:count]]).T
    figure = Figure(figsize=(max(5, 0.16 * count + 2), 0.3 * len(trace.layers) + 2.2), layout="constrained")
    axes = figure.subplots()
    colours = "tab10" if trace.num_experts <= 10 else "turbo"
    picture = axes.imshow(
        first, aspect="auto", cmap=colours, vmin=-0.5, vmax=max(trace.num_experts, 10) - 0.5, alpha=sure.clip(0.15, 1)
    )
    axes.set(title="first expert by token", ylabel="layer")
    axes.set_xticks(range(count), [text.replace("$", r"\$").replace("\n", "⏎") for text in trace.tokens[:count]])
    axes.tick_params(axis="x", rotation=90, labelsize=7)
    axes.set_yticks(range(len(trace.layers)), list(map(str, trace.layers)))
    figure.colorbar(picture, ax=axes, ticks=range(trace.num_experts), label="expert")
    figure.savefig(file, dpi=90)
