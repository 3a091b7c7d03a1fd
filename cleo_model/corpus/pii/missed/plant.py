"""Plant values into a copy of a sample of every source, at the ends of its sentences.

The copy is masked by the same code as the corpus; the corpus itself is left as it is.
"""

from __future__ import annotations

import hashlib
import heapq
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from cleo_model.corpus.pii.invented import make
from cleo_model.corpus.pii.masking.record import JOINT
from cleo_model.corpus.pii.masking.run import pieces_of
from cleo_model.corpus.record import Record

EACH = 10
"""Values of each type that are planted into a source."""
TOGETHER = 3
"""Values in one copy of a record."""
EXCERPT = 500
"""Characters of a record that are copied: its beginning."""
BORDER = re.compile(r"(?<=[.!?…])(?=\s)|\n")
CODE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a planted value stands in a row of the copy."""

    row: int
    source: str
    entity: str
    start: int
    end: int


@dataclass(slots=True)
class Sample:
    """The beginnings of some records of each source: those whose ids have the least hashes, whatever their order."""

    size: int
    _kept: defaultdict[str, list[tuple[int, str, Record]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, record: Record) -> None:
        """Offer a record."""
        rank = -int.from_bytes(hashlib.sha256(f"sample {record.id}".encode()).digest()[:8], "big")
        kept = self._kept[record.source]
        if len(kept) < self.size:
            heapq.heappush(kept, (rank, record.id, _beginning(record)))
        elif rank > kept[0][0]:
            heapq.heapreplace(kept, (rank, record.id, _beginning(record)))

    def by_source(self) -> dict[str, list[Record]]:
        return {source: [record for _, _, record in sorted(kept)] for source, kept in sorted(self._kept.items())}


@cache
def carriers() -> Any:
    """By language and type, sentences that hold a value; do not change them."""
    import yaml

    return yaml.safe_load(Path(__file__).with_name("carriers.yaml").read_text(encoding="utf-8"))


def sample_size() -> int:
    """Records of a source that are enough to plant in."""
    return -(-EACH * len(carriers()["en"]) // TOGETHER)


def _beginning(record: Record) -> Record:
    if record.messages is None:
        return replace(record, text=_cut(record.text, EXCERPT))
    kept: list[dict[str, str]] = []
    left = EXCERPT
    for message in record.messages:
        if left <= 0:
            break
        kept.append({name: text if name == "role" else _cut(text, left) for name, text in message.items()})
        left -= sum(len(text) for name, text in kept[-1].items() if name != "role")
    return replace(record, text="", messages=kept)


def _cut(text: str, size: int) -> str:
    if len(text) <= size:
        return text
    borders = [found.start() for found in BORDER.finditer(text, 0, size)]
    return text[: borders[-1] if borders else size].rstrip()


def planted_rows(sample: dict[str, list[Record]], languages: Mapping[str, str]) -> tuple[list[Record], list[Placed]]:
    """Copies of the sampled records with values in them, and where these stand in the copies' joined text.

    Args:
        languages: by source; English where a source is not named.
    """
    copies: list[Record] = []
    placed: list[Placed] = []
    for source, records in sample.items():
        language = languages.get(source, "en")
        kinds = [kind for kind in carriers()[language] if not (records[0].keep_names and kind == "PERSON")]
        # Not a secret: the same corpus is judged by the same values.
        rng = random.Random(f"planted {source}")  # noqa: S311 - must be the same in every run
        wanted = [kind for kind in kinds for _ in range(EACH)]
        rng.shuffle(wanted)
        for number, place in enumerate(range(0, len(wanted), TOGETHER)):
            record = records[number % len(records)]
            copy, values = _planted(record, wanted[place : place + TOGETHER], language, rng)
            placed += [Placed(len(copies), source, entity, start, end) for entity, start, end in values]
            copies.append(replace(copy, id=f"{record.id} copy {number}", replace="surrogate"))
    return copies, placed


def _planted(
    record: Record, kinds: list[str], language: str, rng: random.Random
) -> tuple[Record, list[tuple[str, int, int]]]:
    pieces = pieces_of(record)
    chosen: defaultdict[int, list[str]] = defaultdict(list)
    for kind in kinds:
        # What a person says, where it is a conversation: the assistant's words follow from it.
        said = [n for n, role in enumerate(_roles(record)) if role != "assistant"] or list(range(len(pieces)))
        chosen[rng.choice(said)].append(kind)
    values: list[tuple[str, int, int]] = []
    start = 0
    for number, piece in enumerate(pieces):
        pieces[number], inside = _with_values(piece, chosen[number], language, rng)
        values += [(kind, start + low, start + high) for kind, low, high in inside]
        start += len(pieces[number]) + len(JOINT)
    return _of_pieces(record, pieces), values


def _roles(record: Record) -> Iterable[str]:
    if record.messages is None:
        return ["text"]
    return [message["role"] for message in record.messages for name in message if name != "role"]


def _of_pieces(record: Record, pieces: list[str]) -> Record:
    if record.messages is None:
        return replace(record, text=pieces[0])
    left: Iterator[str] = iter(pieces)
    said = [
        {name: text if name == "role" else next(left) for name, text in message.items()} for message in record.messages
    ]
    return replace(record, messages=said)


def _with_values(
    text: str, kinds: list[str], language: str, rng: random.Random
) -> tuple[str, list[tuple[str, int, int]]]:
    """The text with a sentence for each of these types, and where the values stand."""
    made, values, last, size = [], [], 0, 0
    for kind, border in zip(kinds, _borders(text, len(kinds), rng), strict=True):
        carrier = rng.choice(carriers()[language][kind])
        value = make(kind, language, rng)
        before, _, after = carrier.partition("{}")
        gap = "" if border == 0 or text[border - 1].isspace() else " "
        close = "" if border == len(text) or text[border].isspace() else " "
        head = text[last:border] + gap + before
        values.append((kind, size + len(head), size + len(head) + len(value)))
        made.append(head + value + after + close)
        size += len(made[-1])
        last = border
    return "".join([*made, text[last:]]), values


def _borders(text: str, count: int, rng: random.Random) -> list[int]:
    """Ends of sentences outside code, in order; the end of the text where there are too few."""
    code = [found.span() for found in CODE.finditer(text)]
    ends = [found.start() for found in BORDER.finditer(text)]
    free = [end for end in ends if not any(low <= end < high for low, high in code)]
    chosen = rng.sample(free, min(count, len(free)))
    return sorted([*chosen, *[len(text)] * (count - len(chosen))])


def missed(placed: Iterable[Placed], texts: list[str], spans: list[list[list[int]]]) -> Iterator[tuple[str, str, bool]]:
    """Source, type and whether it was missed, of each planted value.

    Args:
        texts: of the rows, before masking.
        spans: of each row, what was replaced, in order.

    A value is missed when any letter or digit of it was left.
    """
    for each in placed:
        left = set(range(each.start, each.end))
        for low, high in spans[each.row]:
            left.difference_update(range(max(low, each.start), min(high, each.end)))
        yield each.source, each.entity, any(texts[each.row][place].isalnum() for place in left)
