"""From records to rows of tokens: what a phase of training reads, as memory-mapped arrays.

Prose and documentation are plain language modelling: records are joined by the end-of-sequence token and cut into
rows, and every token is a target. A conversation (`encode`) is never cut to fill a row; several short ones share one. A
row in which nothing is a target, as in the midst of a very long question, teaches nothing: another takes its place.

    <phase>.tokens.npy    uint16 or uint32  [rows, sequence_length]
    <phase>.targets.npy   bool              [rows, sequence_length]   is this token a target?
    <phase>.sources.npy   uint8             [rows, sequence_length]   index into curriculum.json's sources; 255: padding
    heldout.<domain>.tokens.npy and .targets.npy, the same for the held-out part
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from cleo_core.files import write_json
from cleo_core.markdown import table
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import Summary
from cleo_model.errors import EmptyCorpus
from cleo_model.packing.difficulty import Difficulty
from cleo_model.packing.encode import Encoded, Encoder
from cleo_model.packing.mixture import Draw, check_domains, check_sources, endless, read_texts, row_counts, shares
from cleo_model.recipe import CurriculumRecipe

PADDING = 255
MAX_SOURCES = 255


class PackedPhase(BaseModel):
    """The rows of one phase in numbers of tokens."""

    rows: int
    sequence_length: int
    targets: int
    padding: int
    replay: float
    shares: dict[str, float]
    """Share of the rows by domain, as it came out."""


class CurriculumSummary(Summary):
    """What a curriculum holds."""

    tokens_per_source: dict[str, dict[str, int]]
    """By phase, then by source."""
    phases: dict[str, PackedPhase]
    heldout_targets: dict[str, int]
    """By domain."""
    plain_conversations: int
    folded_systems: int
    """Conversations whose system message stands in the first question."""
    rows_without_targets: int
    """Rows that were filled again, for nothing in them could be learnt."""
    epochs: dict[str, float]
    """How often each domain was shown, over all phases."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Equal rows of tokens, targets and sources, each ``[rows, sequence_length]``."""

    tokens: NDArray[np.unsignedinteger[Any]]
    targets: NDArray[np.bool_]
    sources: NDArray[np.uint8]
    records: NDArray[np.int32]
    """Which of the records that were packed a token is of; -1: padding. Not kept on disk."""

    def save(self, out: Path, name: str) -> None:
        np.save(out / f"{name}.tokens.npy", self.tokens)
        np.save(out / f"{name}.targets.npy", self.targets)
        np.save(out / f"{name}.sources.npy", self.sources)


class _Filler:
    """Packs records into rows of `length` tokens."""

    def __init__(self, pad: int, sources: Sequence[str], wide: bool) -> None:
        self.pad = pad
        self.sources = sources
        self.kind = np.uint32 if wide else np.uint16
        self.empty = 0
        """Rows without a target, which were filled again."""

    def __call__(self, records: Iterable[Encoded], length: int, rows: int) -> Rows:
        """At most `rows` rows, or fewer where the records end."""
        tokens = np.full((rows, length), self.pad, dtype=self.kind)
        targets = np.zeros((rows, length), dtype=np.bool_)
        origin = np.full((rows, length), PADDING, dtype=np.uint8)
        numbers = np.full((rows, length), -1, dtype=np.int32)
        row = column = 0

        def close() -> int:
            """The next row to fill: this one again where nothing in it is learnt from."""
            # The first token of a row has nothing before it to be predicted from.
            if targets[row, 1:].any():
                return row + 1
            self.empty += 1
            tokens[row], targets[row], origin[row], numbers[row] = self.pad, False, PADDING, -1
            return row

        for number, record in enumerate(records):
            start = 0
            if record.whole and column > 0 and column + len(record.ids) > length:
                row, column = close(), 0
            while row < rows and start < len(record.ids):
                count = min(length - column, len(record.ids) - start)
                here = slice(column, column + count)
                tokens[row, here] = record.ids[start : start + count]
                targets[row, here] = record.targets[start : start + count]
                origin[row, here] = self.sources.index(record.source)
                numbers[row, here] = number
                start, column = start + count, column + count
                if column == length:
                    row, column = close(), 0
            if row >= rows:
                break
        if row < rows and column:
            row = close()
        return Rows(tokens[:row], targets[:row], origin[:row], numbers[:row])


def _ordered(parts: Sequence[Rows], difficulty: Sequence[NDArray[np.float64]] | None, pacing: float, seed: str) -> Rows:
    """The rows of all domains in one order: mixed at random; within a domain, with `difficulty`, paced."""
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    order = list(range(sum(len(part.tokens) for part in parts)))
    rng.shuffle(order)
    for first, part, hard in _placed(parts, difficulty):
        places = [place for place, row in enumerate(order) if first <= row < first + len(part.tokens)]
        rank = hard.argsort(kind="stable").argsort() / max(1, len(hard))
        wanted = [abs(pacing) * (at if pacing > 0 else 1 - at) + (1 - abs(pacing)) * rng.random() for at in rank]
        for place, row in zip(places, np.argsort(wanted, kind="stable"), strict=True):
            order[place] = first + int(row)
    tokens, targets, sources, records = (
        np.concatenate([getattr(part, name) for part in parts])[order]
        for name in ("tokens", "targets", "sources", "records")
    )
    return Rows(tokens, targets, sources, records)


def _placed(
    parts: Sequence[Rows], difficulty: Sequence[NDArray[np.float64]] | None
) -> Iterator[tuple[int, Rows, NDArray[np.float64]]]:
    first = 0
    for part, hard in zip(parts, difficulty or (), strict=difficulty is not None):
        yield first, part, hard
        first += len(part.tokens)


def build_curriculum(
    masked: Path, tokenizer_dir: Path, recipe: CurriculumRecipe, out: Path, report: Reporter
) -> CurriculumSummary:
    """Tokenise, mix and pack `masked`/train.jsonl and heldout.jsonl into `out`; return tokens per phase and source.

    Raises:
        EmptyCorpus: there is no text, none of a phase's domains, or less than the recipe may repeat.
        RecipeError: it names a source that is not there.
        MalformedRecord: a line is not a record.
    """
    from transformers import AutoTokenizer

    texts = read_texts(masked / "train.jsonl")
    check_sources(recipe, texts)
    notes = check_domains(recipe, set(texts))
    for note in notes:
        report(note)
    heldout = read_texts(masked / "heldout.jsonl") if (masked / "heldout.jsonl").is_file() else {}
    sources = sorted({text.source for text in chain(*texts.values(), *heldout.values())})
    if len(sources) > MAX_SOURCES:
        raise EmptyCorpus(f"{len(sources)} sources are more than {MAX_SOURCES}.", hint="Join small sources into one.")
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_dir)
    encode = Encoder(tokenizer)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else encode.end
    fill = _Filler(pad, sources, wide=len(tokenizer) > 2**16)
    tokens: dict[str, dict[str, int]] = {}
    phases: dict[str, PackedPhase] = {}
    draws = {domain: Draw(found, recipe) for domain, found in texts.items()}
    difficulty = Difficulty(tokenizer_dir, report) if recipe.pacing and not recipe.shuffled_order else None

    for number, phase in enumerate(recipe.phases):
        report("packing", number, len(recipe.phases), phase=phase.name)
        rows = recipe.steps(phase.name) * recipe.tokens_per_step // phase.sequence_length
        per_domain = row_counts(shares(recipe, phase, set(texts)), rows)
        parts, hard = [], []
        for domain, count in per_domain.items():
            shown: list[Encoded] = []
            parts.append(fill(_kept(map(encode, draws[domain]), shown), phase.sequence_length, count))
            hard.append(difficulty.rows(parts[-1].records, shown) if difficulty else np.zeros(0))
        packed = _ordered(parts, hard if difficulty else None, recipe.pacing, f"{recipe.seed}:{phase.name}")
        packed.save(out, phase.name)
        counts = Counter(packed.sources.ravel().tolist())
        tokens[phase.name] = {sources[index]: count for index, count in sorted(counts.items()) if index != PADDING}
        phases[phase.name] = PackedPhase(
            rows=rows,
            sequence_length=phase.sequence_length,
            targets=int(packed.targets.sum()),
            padding=counts.get(PADDING, 0),
            replay=round(phase.replay, 3),
            shares={domain: round(count / rows, 4) for domain, count in per_domain.items()},
        )
    targets = {}
    for domain, kept in sorted(heldout.items()):
        once = (encode(text) for _, text in islice(endless(kept, recipe.seed), len(kept)))
        packed = fill(once, recipe.heldout_length, max(1, recipe.heldout_tokens // recipe.heldout_length))
        packed.save(out, f"heldout.{domain}")
        targets[domain] = int(packed.targets.sum())
    report("packing", len(recipe.phases), len(recipe.phases))
    told = [*encode.notes(), *_measured(heldout, targets)]
    if fill.empty:
        told.append(f"{fill.empty:,} rows held nothing to learn (questions longer than a row) and were filled again.")
    for note in told:
        report(note)
    notes += told
    summary = CurriculumSummary(
        tokens_per_source=tokens,
        phases=phases,
        heldout_targets=targets,
        plain_conversations=len(encode.plain),
        folded_systems=len(encode.folded),
        rows_without_targets=fill.empty,
        epochs={name: round(draw.taken / len(draw.texts), 3) for name, draw in sorted(draws.items()) if draw.taken},
        notes=notes,
        markdown={"tokens by source and phase": _table(tokens, sources)},
    )
    # Beside the arrays, whose `sources` are indexes into this list.
    write_json(out / "curriculum.json", {"sources": sources, **summary.model_dump(mode="json", exclude={"markdown"})})
    return summary


def _kept(records: Iterable[Encoded], shown: list[Encoded]) -> Iterator[Encoded]:
    for record in records:
        shown.append(record)
        yield record


def _measured(heldout: Iterable[str], targets: Mapping[str, int]) -> list[str]:
    return [
        f"Domain {domain}: its held-out part has no target, so its loss is not measured."
        for domain in heldout
        if not targets.get(domain)
    ]


def _table(tokens: dict[str, dict[str, int]], sources: list[str]) -> str:
    rows = [[source, *(found.get(source, 0) for found in tokens.values())] for source in sources]
    rows.append(["all", *(sum(found.values()) for found in tokens.values())])
    return table(["source", *tokens], rows, "l" + "r" * len(tokens))
