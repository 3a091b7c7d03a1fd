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
from cleo_model.packing.encode import Encoded, Encoder
from cleo_model.packing.mixture import Text, check_domains, endless, read_texts, row_counts, shares
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
        row = column = 0

        def close() -> int:
            """The next row to fill: this one again where nothing in it is learnt from."""
            # The first token of a row has nothing before it to be predicted from.
            if targets[row, 1:].any():
                return row + 1
            self.empty += 1
            tokens[row], targets[row], origin[row] = self.pad, False, PADDING
            return row

        for record in records:
            start = 0
            if record.whole and column > 0 and column + len(record.ids) > length:
                row, column = close(), 0
            while row < rows and start < len(record.ids):
                count = min(length - column, len(record.ids) - start)
                here = slice(column, column + count)
                tokens[row, here] = record.ids[start : start + count]
                targets[row, here] = record.targets[start : start + count]
                origin[row, here] = self.sources.index(record.source)
                start, column = start + count, column + count
                if column == length:
                    row, column = close(), 0
            if row >= rows:
                break
        if row < rows and column:
            row = close()
        return Rows(tokens[:row], targets[:row], origin[:row])


def _shuffled(parts: Sequence[Rows], seed: str) -> Rows:
    order = list(range(sum(len(part.tokens) for part in parts)))
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, not a secret
    tokens, targets, sources = (
        np.concatenate([getattr(part, name) for part in parts])[order] for name in ("tokens", "targets", "sources")
    )
    return Rows(tokens, targets, sources)


def _limited(texts: list[Text], seed: int, skip: int, limit: float) -> Iterator[Text]:
    """The texts over and over, as often as a phase may show them."""
    for count, (_, text) in enumerate(endless(texts, seed, skip)):
        if count >= limit * len(texts):
            raise EmptyCorpus(
                f"The {text.domain} part of the corpus has only {len(texts)} records: a phase would show them more "
                f"than {limit:g} times.",
                hint="Add text of this domain, or train on fewer tokens (--tokens, or those of the recipe).",
            )
        yield text


def build_curriculum(
    masked: Path, tokenizer_dir: Path, recipe: CurriculumRecipe, out: Path, report: Reporter
) -> CurriculumSummary:
    """Tokenise, mix and pack `masked`/train.jsonl and heldout.jsonl into `out`; return tokens per phase and source.

    Raises:
        EmptyCorpus: there is no text, none of a phase's domains, or less than the recipe may repeat.
        MalformedRecord: a line is not a record.
    """
    from transformers import AutoTokenizer

    texts = read_texts(masked / "train.jsonl")
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
    used: Counter[str] = Counter()

    def encoded(domain: str) -> Iterator[Encoded]:
        for text in _limited(texts[domain], recipe.seed, used[domain], recipe.max_epochs):
            used[domain] += 1
            yield encode(text)

    for number, phase in enumerate(recipe.phases):
        report("packing", number, len(recipe.phases), phase=phase.name)
        rows = recipe.steps(phase.name) * recipe.tokens_per_step // phase.sequence_length
        per_domain = row_counts(shares(recipe, phase, set(texts)), rows)
        parts = [fill(encoded(domain), phase.sequence_length, count) for domain, count in per_domain.items()]
        packed = _shuffled(parts, f"{recipe.seed}:{phase.name}")
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
        epochs={domain: round(count / len(texts[domain]), 3) for domain, count in sorted(used.items())},
        notes=notes,
        markdown={"tokens by source and phase": _table(tokens, sources)},
    )
    # Beside the arrays, whose `sources` are indexes into this list.
    write_json(out / "curriculum.json", {"sources": sources, **summary.model_dump(mode="json", exclude={"markdown"})})
    return summary


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
