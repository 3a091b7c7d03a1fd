"""From records to rows of tokens: what a phase of training reads, as memory-mapped arrays.

Prose and documentation are plain language modelling: records are joined by the end-of-sequence token and cut into
rows, and every token is a target. A conversation is rendered with the model's own chat template and never cut to fill
a row; only what the assistant says is a target, so the model learns to answer and not to ask. Several short
conversations share a row. Where the tokenizer has no template, or the template rewrites earlier turns, a conversation
is trained as plain text, and the summary counts it.

    <phase>.tokens.npy    uint16 or uint32  [rows, sequence_length]
    <phase>.targets.npy   bool              [rows, sequence_length]   is this token a target?
    <phase>.sources.npy   uint8             [rows, sequence_length]   index into curriculum.json's sources; 255: padding
    heldout.<domain>.tokens.npy and .targets.npy, the same for the held-out part
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
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
    epochs: dict[str, float]
    """How often each domain was shown, over all phases."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record as tokens, with which of them are targets."""

    ids: list[int]
    targets: list[bool]
    source: str
    whole: bool


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


class Encoder:
    """Turns records into tokens with a model's own tokenizer and chat template."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.end = int(tokenizer.eos_token_id)
        self.plain_conversations = 0

    def __call__(self, text: Text) -> Encoded:
        if text.messages and self.tokenizer.chat_template:
            spans = self._assistant_spans(text.messages)
            if spans is not None:
                return self._conversation(*spans, text.source)
        if text.messages:
            self.plain_conversations += 1
        said = text.text or "\n".join(f"{each['role']}: {each['content']}" for each in text.messages)
        ids = self.tokenizer(said, add_special_tokens=False, verbose=False).input_ids
        return Encoded([*ids, self.end], [True] * (len(ids) + 1), text.source, whole=False)

    def _assistant_spans(self, messages: Sequence[Any]) -> tuple[str, list[tuple[int, int]]] | None:
        """The rendered conversation, and from where to where the assistant speaks in it."""
        render = self.tokenizer.apply_chat_template
        whole = render(list(messages), tokenize=False)
        spans = []
        for index, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before = render(list(messages[:index]), tokenize=False, add_generation_prompt=True)
            after = render(list(messages[: index + 1]), tokenize=False)
            if not (whole.startswith(after) and after.startswith(before)):
                return None
            spans.append((len(before), len(after)))
        return whole, spans

    def _conversation(self, rendered: str, spans: list[tuple[int, int]], source: str) -> Encoded:
        coded = self.tokenizer(rendered, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        starts = [start for start, _ in coded.offset_mapping]
        targets = [any(first <= start < last for first, last in spans) for start in starts]
        return Encoded(list(coded.input_ids), targets, source, whole=True)


def _fill(records: Iterable[Encoded], length: int, rows: int, pad: int, sources: Sequence[str], wide: bool) -> Rows:
    """Pack records into `rows` rows of `length` tokens, or fewer where the records end."""
    tokens = np.full((rows, length), pad, dtype=np.uint32 if wide else np.uint16)
    targets = np.zeros((rows, length), dtype=np.bool_)
    origin = np.full((rows, length), PADDING, dtype=np.uint8)
    row = column = 0
    for record in records:
        start = 0
        if record.whole and column > 0 and column + len(record.ids) > length:
            row, column = row + 1, 0
        while row < rows and start < len(record.ids):
            count = min(length - column, len(record.ids) - start)
            here = slice(column, column + count)
            tokens[row, here] = record.ids[start : start + count]
            targets[row, here] = record.targets[start : start + count]
            origin[row, here] = sources.index(record.source)
            start, column = start + count, column + count
            if column == length:
                row, column = row + 1, 0
        if row >= rows:
            break
    used = min(rows, row + (column > 0))
    return Rows(tokens[:used], targets[:used], origin[:used])


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
                hint="Add text of this domain, or lower the recipe's tokens.",
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
    fill = partial(_fill, pad=pad, sources=sources, wide=len(tokenizer) > 2**16)
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
    summary = CurriculumSummary(
        tokens_per_source=tokens,
        phases=phases,
        heldout_targets=targets,
        plain_conversations=encode.plain_conversations,
        epochs={domain: round(count / len(texts[domain]), 3) for domain, count in sorted(used.items())},
        notes=notes,
        markdown={"tokens by source and phase": _table(tokens, sources)},
    )
    # Beside the arrays, whose `sources` are indexes into this list.
    write_json(out / "curriculum.json", {"sources": sources, **summary.model_dump(mode="json", exclude={"markdown"})})
    return summary


def _table(tokens: dict[str, dict[str, int]], sources: list[str]) -> str:
    rows = [[source, *(found.get(source, 0) for found in tokens.values())] for source in sources]
    rows.append(["all", *(sum(found.values()) for found in tokens.values())])
    return table(["source", *tokens], rows, "l" + "r" * len(tokens))
