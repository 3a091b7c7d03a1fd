"""Which records a phase trains on: shares per domain, a fixed order, and a limit to repetition."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_model.errors import EmptyCorpus, MalformedRecord
from cleo_model.recipe import PhaseRecipe, Recipe

__all__ = ["Text", "endless", "read_texts", "row_counts", "shares"]


@dataclass(frozen=True, slots=True)
class Text:
    """What packing needs of a record."""

    id: str
    text: str
    messages: tuple[Mapping[str, str], ...]
    source: str
    domain: str


def read_texts(file: Path) -> dict[str, list[Text]]:
    """The records of a JSON Lines file by domain, in the file's order.

    Raises:
        EmptyCorpus: the file is missing or holds no text.
        MalformedRecord: a line is not a record, by its number.
    """
    found: dict[str, list[Text]] = {}
    if not file.is_file():
        raise EmptyCorpus(f"{file.name} is missing.", hint="Make the corpus first.")
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                data: dict[str, Any] = json.loads(line)
                text = Text(
                    id=str(data["id"]),
                    text=str(data.get("text") or ""),
                    messages=tuple(data.get("messages") or ()),
                    source=str(data["source"]),
                    domain=str(data["domain"]),
                )
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise MalformedRecord(f"{file.name}, line {number}, is not a record: {error}.") from None
            if text.text.strip() or text.messages:
                found.setdefault(text.domain, []).append(text)
    if not found:
        raise EmptyCorpus(f"{file.name} holds no text.", hint="Look at what curation dropped, and why.")
    return found


def shares(recipe: Recipe, phase: PhaseRecipe, present: set[str]) -> dict[str, float]:
    """Share of each present domain in a phase; a domain that the corpus lacks leaves its share to the others."""
    mixture: dict[str, float] = dict(phase.mixture)
    if recipe.shuffled_order:
        tokens = sum(each.tokens for each in recipe.phases)
        domains = {name for each in recipe.phases for name in each.mixture}
        mixture = {
            name: sum(each.tokens * each.mixture.get(name, 0.0) for each in recipe.phases) / tokens
            for name in sorted(domains)
        }
    kept = {name: share for name, share in mixture.items() if name in present and share > 0}
    if not kept:
        raise EmptyCorpus(
            f"Phase {phase.name} wants {', '.join(mixture)}; the corpus has {', '.join(sorted(present))}.",
            hint="Name the domain of each source: prose, domain or conversation.",
        )
    kept_share = sum(kept.values())
    return {name: share / kept_share for name, share in kept.items()}


def row_counts(wanted: Mapping[str, float], rows: int) -> dict[str, int]:
    """Whole rows per domain by largest remainder: they sum to `rows` exactly."""
    exact = {name: share * rows for name, share in wanted.items()}
    counts = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (counts[name] - exact[name], name))
    for name in by_remainder[: rows - sum(counts.values())]:
        counts[name] += 1
    return counts


def endless(texts: list[Text], seed: int, skip: int = 0) -> Iterator[tuple[int, Text]]:
    """The texts over and over, each time in another order that only the seed decides; with the epoch's number.

    A phase hands in how many texts earlier phases used, so that it goes on where they stopped.
    """
    epoch, start = divmod(skip, len(texts))
    while True:
        order = sorted(texts, key=lambda text: hashlib.sha256(f"{seed}:{epoch}:{text.id}".encode()).digest())
        for text in order[start:]:
            yield epoch, text
        epoch, start = epoch + 1, 0
