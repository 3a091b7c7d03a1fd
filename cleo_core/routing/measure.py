"""What a routing trace says: load, dead experts, and how far experts keep to a domain or to a kind of token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from cleo_core.markdown import table
from cleo_core.routing.trace import NO_EXPERT, RoutingTrace, token_class

DEAD = 0.05
"""An expert that gets less than this part of its fair share learns nothing: it counts as dead."""
Counts = NDArray[np.float64]


class RoutingSummary(BaseModel):
    """The figures of a trace. Shares of an expert are of the layer's assignments, so that a layer's sum to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    tokens: int
    num_experts: int
    layers: list[int]
    load: list[list[float]]
    """``[layer][expert]``; each domain weighs the same."""
    max_load_over_uniform: list[float]
    """By layer, of the busiest expert: 1 is even."""
    experts_per_token: list[float]
    """By layer, the mean."""
    entropy: list[float]
    """By layer, of the router in nats, the mean."""
    dead: list[str]
    """As ``layer.expert``."""
    domain_information: list[float]
    """By layer, mutual information of domain and expert in nats: 0 where the domain says nothing of the expert."""
    class_information: list[float]
    """The same for the kind of token."""
    by_domain: dict[str, list[list[float]]]
    """``[layer][expert]`` of the tokens of each domain."""
    by_class: dict[str, list[list[float]]]
    """``[layer][expert]`` of the tokens of each kind."""


def dead_experts(load: Sequence[Sequence[float]], layers: Sequence[int] | None = None, frozen: int = 0) -> list[str]:
    """The experts, as ``layer.expert``, that got less than a twentieth of their fair share.

    Args:
        layers: places in the model of the loads' layers, where these are not all of it.
        frozen: so many layers, from the first, do not count: their experts are equal, so it is of no matter which of
            them is asked.
    """
    return [
        f"{place}.{expert}"
        for place, shares in zip(layers if layers is not None else range(len(load)), load, strict=True)
        for expert, share in enumerate(shares)
        if place >= frozen and share < DEAD / len(shares)
    ]


def mutual_information(counts: Counts) -> float:
    """Of the rows and columns of a table of counts, in nats; each row that has any weighs the same."""
    rows = counts[counts.sum(1) > 0]
    if len(rows) < 2:
        return 0.0
    joint = rows / rows.sum(1, keepdims=True) / len(rows)
    expected = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / expected[there])).sum())


def summarise(trace: RoutingTrace, frozen: int = 0) -> RoutingSummary:
    """The figures of a trace; `frozen` as in `dead_experts`.

    Raises:
        ValueError: the trace holds no token.
    """
    if not len(trace):
        raise ValueError("A trace without tokens has no figures.")
    domains, of_domain = _groups(trace.domains)
    classes, of_class = _groups([token_class(text) for text in trace.tokens])
    by_domain, by_class = _counts(trace, of_domain, len(domains)), _counts(trace, of_class, len(classes))
    load = _shares(_shares(by_domain).mean(1))
    chosen = np.asarray(trace.experts)
    return RoutingSummary(
        tokens=len(trace),
        num_experts=trace.num_experts,
        layers=trace.layers,
        load=_rounded(load),
        max_load_over_uniform=_rounded(load.max(-1) * trace.num_experts),
        experts_per_token=_rounded((chosen != NO_EXPERT).sum(-1).mean(0)),
        entropy=_rounded(np.asarray(trace.entropy).mean(0)),
        dead=dead_experts(load.tolist(), trace.layers, frozen),
        domain_information=[round(mutual_information(layer), 6) for layer in by_domain],
        class_information=[round(mutual_information(layer), 6) for layer in by_class],
        by_domain={name: _rounded(_shares(by_domain[:, at])) for at, name in enumerate(domains)},
        by_class={name: _rounded(_shares(by_class[:, at])) for at, name in enumerate(classes)},
    )


def _groups(labels: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    names = sorted(set(labels))
    places = {name: at for at, name in enumerate(names)}
    return names, np.asarray([places[label] for label in labels])


def _counts(trace: RoutingTrace, group: NDArray[np.int64], groups: int) -> Counts:
    """Assignments by layer, group and expert: a token that asks k experts counts as 1/k for each."""
    chosen = np.asarray(trace.experts)
    layers = chosen.shape[1]
    asked = chosen != NO_EXPERT
    part = np.broadcast_to(1 / asked.sum(-1, keepdims=True).clip(min=1), chosen.shape)
    layer = np.broadcast_to(np.arange(layers)[None, :, None], chosen.shape)
    of = np.broadcast_to(group[:, None, None], chosen.shape)
    counts = np.zeros((layers, groups, trace.num_experts))
    np.add.at(counts, (layer[asked], of[asked], chosen[asked]), part[asked])
    return counts


def _shares(counts: Counts) -> Counts:
    found: Counts = counts / counts.sum(-1, keepdims=True).clip(min=1e-12)
    return found


def _rounded(values: Counts) -> Any:
    return np.round(values, 4).tolist()


def routing_tables(summary: RoutingSummary) -> dict[str, str]:
    """Markdown tables for a report, by title: the layers, and what each domain asks most."""
    rows = [
        [
            layer,
            f"{summary.max_load_over_uniform[at]:.2f}",
            f"{summary.experts_per_token[at]:.2f}",
            f"{summary.entropy[at]:.3f}",
            f"{summary.domain_information[at]:.4f}",
            f"{summary.class_information[at]:.4f}",
        ]
        for at, layer in enumerate(summary.layers)
    ]
    header = ["layer", "busiest expert / fair", "experts per token", "entropy", "domain information", "token class"]
    favourites = [
        [name, kind, *_favourites(shares, summary)]
        for kind, groups in (("domain", summary.by_domain), ("token class", summary.by_class))
        for name, shares in groups.items()
    ]
    return {
        "routing by layer": table(header, rows, "rrrrrr"),
        "what asks which expert": table(["of", "is a", "expert (layer.expert)", "share"], favourites, "lllr"),
    }


def _favourites(shares: list[list[float]], summary: RoutingSummary) -> list[str]:
    """The expert that this group asks most above what all ask, and how much of the group's tokens goes to it."""
    above = np.asarray(shares) - np.asarray(summary.load)
    layer, expert = np.unravel_index(int(above.argmax()), above.shape)
    share, of_all = shares[layer][expert], summary.load[layer][expert]
    return [f"{summary.layers[layer]}.{expert}", f"{share:.0%} (all: {of_all:.0%})"]
