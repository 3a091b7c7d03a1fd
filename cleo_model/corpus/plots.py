"""Pictures for people: what curation dropped and how it scored the rest; how much masking found and missed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


def plot_curation(path: Path, seen: Mapping[str, int], dropped: Mapping[tuple[str, str], int]) -> None:
    """Share of each domain's records that every rule dropped."""
    from matplotlib.figure import Figure

    reasons = sorted({reason for _, reason in dropped})
    figure = Figure(figsize=(9, 3 + 0.2 * len(reasons)), layout="constrained")
    axes = figure.subplots()
    domains = list(seen)
    left = [0.0] * len(domains)
    for number, reason in enumerate(reasons):
        shares = [100 * dropped.get((domain, reason), 0) / max(seen[domain], 1) for domain in domains]
        colour = f"C{number % 10}"
        axes.barh(domains, shares, left=left, label=reason, color=colour, alpha=1.0 if number < 10 else 0.5)
        left = [before + share for before, share in zip(left, shares, strict=True)]
    axes.set_xlabel("records dropped, %")
    axes.set_title("What curation dropped")
    if reasons:
        axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=110)


def plot_quality(path: Path, scores: Mapping[str, Mapping[int, int]]) -> None:
    """How many records of each domain have which quality score; scores are in hundredths."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1 + 1.6 * max(len(scores), 1)), layout="constrained")
    panels = figure.subplots(max(len(scores), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (domain, counts) in zip(panels, sorted(scores.items()), strict=False):
        bins = [0] * 20
        for score, count in counts.items():
            bins[min(score // 5, 19)] += count
        axes.bar([number / 20 + 0.025 for number in range(20)], bins, width=0.048)
        axes.set_title(f"{domain} ({sum(bins):,} records)", fontsize="small", loc="left")
    panels[-1].set_xlim(0, 1)
    panels[-1].set_xlabel("quality score")
    figure.savefig(path, dpi=110)


class Share(Protocol):
    """A share and its interval."""

    @property
    def rate(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def plot_missed(path: Path, shares: Mapping[str, Share]) -> None:
    """Share of planted values that masking missed, by type, with the 95 % interval."""
    from matplotlib.figure import Figure

    kinds = sorted(shares, reverse=True)
    figure = Figure(figsize=(9, 2 + 0.25 * len(kinds)), layout="constrained")
    axes = figure.subplots()
    rates = [100 * shares[kind].rate for kind in kinds]
    below = [100 * (shares[kind].rate - shares[kind].low) for kind in kinds]
    above = [100 * (shares[kind].high - shares[kind].rate) for kind in kinds]
    axes.errorbar(rates, kinds, xerr=[below, above], fmt="o", capsize=3)
    axes.set_xlim(0, 100)
    axes.set_xlabel("planted values that were missed, % (95 % interval)")
    axes.set_title("Personal data that masking missed, estimated")
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(path, dpi=110)


def plot_pii(path: Path, counts: Mapping[str, Mapping[str, int]]) -> None:
    """Values replaced, by type and source (logarithmic)."""
    from matplotlib.figure import Figure

    kinds = sorted({kind for by_kind in counts.values() for kind in by_kind})
    figure = Figure(figsize=(9, 2 + 0.3 * len(kinds)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / max(len(counts), 1)
    for number, (source, by_kind) in enumerate(counts.items()):
        places = [place + number * height for place in range(len(kinds))]
        axes.barh(places, [by_kind.get(kind, 0) for kind in kinds], height=height, label=source)
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(kinds))], kinds)
    if kinds:
        axes.set_xscale("symlog")
        axes.legend(fontsize="small")
    axes.set_xlabel("values replaced")
    axes.set_title("Personal data found and replaced")
    figure.savefig(path, dpi=110)
