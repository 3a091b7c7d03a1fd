"""Drift: how far a corpus is from the one before it, by four measures, each with a limit to warn and one to block.

    domains, lengths, vocabulary    Jensen-Shannon divergence in bits: 0 for the same shares, 1 for nothing in common
    personal data                   how many times as often it was found per word, or as seldom

A domain that is new and takes a tenth of the bytes makes 0.05, one that takes 40 % makes 0.25. Two halves of one corpus
differ by less than 0.01 in lengths and vocabulary from 500 records on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cleo_core.markdown import table
from cleo_model.corpus.versions.profile import CorpusProfile

FEWEST_RECORDS, FEWEST_WORDS, FEWEST_VALUES = 50, 5_000, 30
"""With less in either corpus, chance alone drifts: the measure is told, and judged by nobody."""
State = Literal["steady", "warns", "blocks", "too little to tell"]


class Limits(BaseModel):
    """From where on a measure warns, and from where on it blocks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domains: tuple[float, float] = (0.05, 0.25)
    lengths: tuple[float, float] = (0.05, 0.25)
    vocabulary: tuple[float, float] = (0.05, 0.20)
    personal_data: tuple[float, float] = (1.5, 4.0)
    action: Literal["auto", "warn", "block", "off"] = "auto"
    """What a measure over its second limit does; auto blocks in staging and production, and warns in development."""


class Measure(BaseModel):
    """One measure of drift."""

    name: str
    value: float
    warns: float
    blocks: float
    state: State
    most: str
    """What changed most, in words."""


def drift(old: CorpusProfile, new: CorpusProfile, limits: Limits) -> list[Measure]:
    """The four measures of `new` against `old`."""
    records = min(old.records, new.records) >= FEWEST_RECORDS
    words = min(old.words, new.words) >= FEWEST_WORDS
    values = max(sum(old.pii.values()), sum(new.pii.values())) >= FEWEST_VALUES and words
    classes = [{str(place): count for place, count in enumerate(each.vocabulary)} for each in (old, new)]
    said = f"{old.words:,} and {new.words:,} words"
    domains, lengths = (old.domains, new.domains), (old.lengths, new.lengths)
    return [
        _measure("domains", divergence(*domains), limits.domains, records, _moved(*domains)),
        _measure("lengths", divergence(*lengths), limits.lengths, records, _moved(*lengths)),
        _measure("vocabulary", divergence(*classes), limits.vocabulary, words, said),
        _measure("personal data", _factor(old, new), limits.personal_data, values, _rates(old, new)),
    ]


def divergence(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Jensen-Shannon divergence of two distributions given as counts, in bits (Lin 1991); 0 where either is empty."""
    totals = sum(one.values()), sum(other.values())
    if not all(totals):
        return 0.0
    found = 0.0
    for name in {*one, *other}:
        p, q = one.get(name, 0) / totals[0], other.get(name, 0) / totals[1]
        for share in (p, q):
            if share:
                found += share * math.log2(2 * share / (p + q)) / 2
    return max(found, 0.0)


def _factor(old: CorpusProfile, new: CorpusProfile) -> float:
    """How many times the rate rose or fell; a value more on each side, so that none found is no infinity."""
    if not sum(old.pii.values()) + sum(new.pii.values()):
        return 1.0
    before, after = ((sum(each.pii.values()) + 1) / max(each.words, 1) for each in (old, new))
    return max(before / after, after / before)


def _measure(name: str, value: float, limits: Sequence[float], enough: bool, most: str) -> Measure:
    warns, blocks = limits
    state: State = "steady" if value < warns else "warns" if value < blocks else "blocks"
    return Measure(
        name=name, value=round(value, 4), warns=warns, blocks=blocks,
        state=state if enough else "too little to tell", most=most,
    )  # fmt: skip


def _moved(old: Mapping[str, int], new: Mapping[str, int]) -> str:
    """The share that moved most."""
    before, after = sum(old.values()) or 1, sum(new.values()) or 1
    shares = {name: (old.get(name, 0) / before, new.get(name, 0) / after) for name in {*old, *new}}
    if not shares:
        return ""
    name = max(sorted(shares), key=lambda each: abs(shares[each][1] - shares[each][0]))
    return f"{name}: {shares[name][0]:.0%} → {shares[name][1]:.0%}"


def _rates(old: CorpusProfile, new: CorpusProfile) -> str:
    """Replaced places per 10,000 words, in all and of the type that changed most."""
    before, after = ({name: 1e4 * n / max(each.words, 1) for name, n in each.pii.items()} for each in (old, new))
    told = f"{sum(before.values()):.1f} → {sum(after.values()):.1f} per 10,000 words"
    names = sorted({*before, *after})
    if not names:
        return told
    name = max(names, key=lambda each: abs(after.get(each, 0) - before.get(each, 0)))
    return f"{told}, {name} {before.get(name, 0):.1f} → {after.get(name, 0):.1f}"


def drift_table(measures: Sequence[Measure]) -> str:
    """The measures for a person."""
    rows = [[m.name, f"{m.value:.3f}", f"{m.warns:g}", f"{m.blocks:g}", m.state, m.most] for m in measures]
    return table(["of", "drift", "warns from", "blocks from", "", "what changed most"], rows, "lrrrll")
