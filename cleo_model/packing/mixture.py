"""Which records a phase trains on: shares per domain, a fixed order, and a limit to repetition."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_core.errors import InputError
from cleo_core.files import numbered_jsonl
from cleo_model.errors import EmptyCorpus, MalformedRecord, RecipeError
from cleo_model.recipe import CurriculumRecipe, PhaseRecipe, SourceRecipe


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
    try:
        for number, data in numbered_jsonl(file):
            text = _text(data, f"{file.name}, line {number}")
            if text.text.strip() or text.messages:
                found.setdefault(text.domain, []).append(text)
    except InputError as error:
        raise MalformedRecord(error.message, hint=error.hint) from None
    if not found:
        raise EmptyCorpus(f"{file.name} holds no text.", hint="Look at what curation dropped, and why.")
    return found


def _text(data: Any, where: str) -> Text:
    try:
        return Text(
            id=str(data["id"]),
            text=str(data.get("text") or ""),
            messages=tuple(data.get("messages") or ()),
            source=str(data["source"]),
            domain=str(data["domain"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedRecord(f"{where}, is not a record: {error}.", hint="Make the corpus again.") from None


def check_domains(recipe: CurriculumRecipe, present: set[str]) -> list[str]:
    """Hold the domains of a corpus against a recipe: what a person should know before anything trains.

    Returns:
        A sentence for each domain that a phase wants and the corpus lacks, or the other way round.

    Raises:
        EmptyCorpus: a phase finds none of its domains.
    """
    notes = []
    for phase in recipe.phases:
        found = shares(recipe, phase, present)
        wanted = {name for name, share in mixture(recipe, phase).items() if share > 0}
        if absent := sorted(wanted - present):
            spread = ", ".join(f"{name} {share:.0%}" for name, share in found.items())
            notes.append(f"Phase {phase.name} finds no {' and no '.join(absent)}: it trains on {spread}.")
    if unused := sorted(present - set(recipe.domains)):
        notes.append(
            f"No phase names {' or '.join(unused)}: the recipe trains on {', '.join(recipe.domains)}, not on that text."
        )
    return notes


def mixture(recipe: CurriculumRecipe, phase: PhaseRecipe) -> dict[str, float]:
    """The shares that a phase wants: its own, or in a control run the average over all phases."""
    if not recipe.shuffled_order:
        return dict(phase.mixture)
    tokens = sum(each.tokens for each in recipe.phases)
    return {
        name: sum(each.tokens * each.mixture.get(name, 0.0) for each in recipe.phases) / tokens
        for name in recipe.domains
    }


def shares(recipe: CurriculumRecipe, phase: PhaseRecipe, present: set[str]) -> dict[str, float]:
    """Share of each present domain in a phase; a domain that the corpus lacks leaves its share to the others.

    Raises:
        EmptyCorpus: none of the phase's domains is present.
    """
    wanted = mixture(recipe, phase)
    kept = {name: share for name, share in wanted.items() if name in present and share > 0}
    if not kept:
        raise EmptyCorpus(
            f"Phase {phase.name} trains on {', '.join(wanted)}; the corpus has {', '.join(sorted(present))}.",
            hint="Name the domains of the sources as the recipe's mixture does, or change the mixture "
            "(--recipe takes a file, too).",
        )
    total = sum(kept.values())
    return {name: share / total for name, share in kept.items()}


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


class Draw:
    """Draws the texts of one domain over all phases, each going on where the one before stopped."""

    def __init__(self, texts: list[Text], recipe: CurriculumRecipe) -> None:
        self.texts = texts
        self.recipe = recipe
        self.taken = 0
        """Texts that were drawn so far."""
        self._by_source: dict[str, list[Text]] = {}
        for text in texts:
            self._by_source.setdefault(text.source, []).append(text)
        self._characters: Counter[str] = Counter()
        self._drawn: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Text]:
        """Endless, but for the limits.

        Raises:
            EmptyCorpus: no text may be shown again.
        """
        if not self.recipe.sources.keys() & self._by_source.keys():
            yield from self._as_they_come()
            return
        orders = {name: endless(texts, self.recipe.seed, self._drawn[name]) for name, texts in self._by_source.items()}
        while True:
            name = self._next_source()
            _, text = next(orders[name])
            self._characters[name] += len(text.text) + sum(len(each["content"]) for each in text.messages)
            self._drawn[name] += 1
            self.taken += 1
            yield text

    def _as_they_come(self) -> Iterator[Text]:
        limit = self.recipe.max_epochs
        for count, (_, text) in enumerate(endless(self.texts, self.recipe.seed, self.taken)):
            if count >= limit * len(self.texts):
                raise EmptyCorpus(
                    f"The {text.domain} part of the corpus has only {len(self.texts)} records: a phase would show them "
                    f"more than {limit:g} times.",
                    hint="Add text of this domain, or train on fewer tokens (--tokens, or those of the recipe).",
                )
            self.taken += 1
            yield text

    def _next_source(self) -> str:
        """The source that lags furthest behind its share, of those that may still be shown."""
        left = {name: texts for name, texts in self._by_source.items() if self._drawn[name] < self._limit(name)}
        if not left:
            limits = ", ".join(f"{name} {self._limit(name) / len(t):g} times" for name, t in self._by_source.items())
            raise EmptyCorpus(
                f"The sources of {self.texts[0].domain} are used up: {limits}.",
                hint="Add text, raise their max_epochs, or train on fewer tokens.",
            )
        stated = {name: self._source(name).share for name in left}
        rest = max(0.0, 1 - sum(share for share in stated.values() if share))
        sizes = {name: sum(len(text.text) for text in left[name]) + 1 for name, share in stated.items() if not share}
        shares = {name: share or rest * sizes[name] / sum(sizes.values()) for name, share in stated.items()}
        total = sum(self._characters.values())
        return max(sorted(left), key=lambda name: shares[name] * total - self._characters[name])

    def _source(self, name: str) -> SourceRecipe:
        return self.recipe.sources.get(name) or SourceRecipe()

    def _limit(self, name: str) -> float:
        # Without a limit of its own a source may be shown in each phase as often as a domain may.
        own = self._source(name).max_epochs
        return (own or self.recipe.max_epochs * len(self.recipe.phases)) * len(self._by_source[name])


def check_sources(recipe: CurriculumRecipe, texts: Mapping[str, list[Text]]) -> None:
    """Raises: RecipeError: the recipe names a source that the corpus lacks, or more than all of a domain's text."""
    present = {domain: {text.source for text in found} for domain, found in texts.items()}
    if unknown := sorted(recipe.sources.keys() - set().union(*present.values())):
        known = ", ".join(sorted(set().union(*present.values())))
        raise RecipeError(f"The corpus has no source {', '.join(unknown)}, which the recipe names; it has {known}.")
    for domain, names in present.items():
        stated = sum(recipe.sources[name].share or 0 for name in names & recipe.sources.keys())
        if stated > 1 + 1e-9:
            raise RecipeError(f"The shares of the sources of {domain} sum to {stated:g}: 1 is all of its text.")
