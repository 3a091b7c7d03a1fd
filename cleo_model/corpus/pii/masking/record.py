"""Mask one record: what was found in it, what stands in it again, and what is known from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cleo_model.corpus.pii.entities import Replace
from cleo_model.corpus.pii.find import Find, union
from cleo_model.corpus.pii.masking.placeholders import Placeholders
from cleo_model.corpus.pii.masking.repeats import Repeats
from cleo_model.corpus.pii.masking.vocabulary import NUMBER
from cleo_model.corpus.pii.surrogates import Surrogates
from cleo_model.corpus.pii.surrogates.names import PARTICLES
from cleo_model.corpus.pii.values import squash

# A value of these is too common a word to be one wherever it stands again.
NOT_REPEATED = frozenset({"AGE", "TITLE", "NRP"})


@dataclass(frozen=True, slots=True)
class MaskedText:
    """A record after masking."""

    pieces: list[str]
    replaced: dict[str, int] = field(default_factory=dict)
    """Places by type."""
    dropped: bool = False
    """Its source drops what holds personal data, and it held some."""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Start and end of each place in the joined text."""
    made: list[list[tuple[int, int]]] = field(default_factory=list)
    """For each piece the start and end of what took their places."""


class RecordMasker:
    """Masks records of one corpus.

    Args:
        everywhere: values that are replaced wherever they stand.
        numbers: of the types, as `everywhere` has them.
    """

    def __init__(self, surrogates: Surrogates, everywhere: Repeats, numbers: Mapping[str, int] = NUMBER) -> None:
        self.surrogates, self.everywhere = surrogates, everywhere
        self._numbers = numbers
        self._named = {number: entity for entity, number in numbers.items()}

    def mask(
        self,
        name: str,
        text: str,
        lengths: Sequence[int],
        finds: Iterable[Find],
        mode: Replace,
        allowed: Container[str] = frozenset(),
    ) -> MaskedText:
        """Mask a record.

        Args:
            name: id of the record, which decides by how many days its dates are moved.
            text: its pieces (messages), joined.
            lengths: of each piece; between two of them stands JOINT.
            finds: what was found in `text`.
            mode: what takes the place of a value.
            allowed: squashed values that its source leaves, although they were found in others.
        """
        finds = self.spans(text, list(finds), allowed)
        counts = dict(Counter(find.entity for find in finds))
        spans = [(find.start, find.end) for find in finds]
        if mode == "drop":
            kept = [] if spans else cut(text, lengths)
            return MaskedText(kept, counts, dropped=bool(spans), spans=spans, made=[[] for _ in kept])
        replacement: Callable[[str, str], str]
        if mode == "placeholder":
            replacement = Placeholders(text, [(find.entity, text[find.start : find.end]) for find in finds])
        else:

            def replacement(entity: str, value: str) -> str:
                return self.surrogates(entity, value, name)

        pieces, made = _replaced(text, lengths, finds, replacement)
        return MaskedText(pieces, counts, spans=spans, made=made)

    def spans(self, text: str, finds: list[Find], allowed: Container[str] = frozenset()) -> list[Find]:
        """What is to be replaced: the finds, where their values stand again (a name in a reply), and known values."""
        values = [(find.entity, text[find.start : find.end]) for find in finds if find.entity not in NOT_REPEATED]
        names = [value for entity, value in values if entity == "PERSON"]
        again = [(value, self._numbers[entity]) for entity, value in values if len(value) > 2]
        again += [(word, self._numbers["PERSON"]) for name in names for word in _name_words(name)]
        repeats = [find for find in self._found(Repeats.of(again), text) if not _is_word(find, text)] if again else []
        known = [
            find for find in self._found(self.everywhere, text) if squash(text[find.start : find.end]) not in allowed
        ]
        return union([*finds, *repeats, *known], self._numbers)

    def _found(self, index: Repeats, text: str) -> list[Find]:
        return [Find(start, end, self._named[number], 1.0, "again") for start, end, number in index.find(text)]


JOINT = "\n\n"
"""Between messages: an empty line, so that no pattern reaches from one into the next."""


def cut(text: str, lengths: Sequence[int]) -> list[str]:
    """The pieces of a joined text."""
    pieces, start = [], 0
    for length in lengths:
        pieces.append(text[start : start + length])
        start += length + len(JOINT)
    return pieces


def _name_words(name: str) -> list[str]:
    words = [word.strip(".,") for word in name.split()]
    return [word for word in words if len(word) > 2 and word[0].isupper() and word.lower() not in PARTICLES]


def _is_word(find: Find, text: str) -> bool:
    """Whether it is an ordinary word: "may I" is not May, for what is written small is no name."""
    return find.entity == "PERSON" and " " not in text[find.start : find.end] and text[find.start].islower()


def _replaced(
    text: str, lengths: Sequence[int], finds: Sequence[Find], replacement: Callable[[str, str], str]
) -> tuple[list[str], list[list[tuple[int, int]]]]:
    """The pieces with their finds replaced, and where; a find that reaches over a joint is replaced on each side."""
    pieces: list[str] = []
    places: list[list[tuple[int, int]]] = []
    start = number = 0
    for length in lengths:
        end, place, size = start + length, start, 0
        made: list[str] = []
        inside: list[tuple[int, int]] = []
        while number < len(finds) and finds[number].start < end:
            find = finds[number]
            if find.end <= start:  # it ended in the joint
                number += 1
                continue
            low, high = max(find.start, place), min(find.end, end)
            new = replacement(find.entity, text[low:high])
            made += [text[place:low], new]
            size += low - place + len(new)
            inside.append((size - len(new), size))
            place = high
            if find.end > end:  # it goes on in the next piece
                break
            number += 1
        pieces.append("".join([*made, text[place:end]]))
        places.append(inside)
        start = end + len(JOINT)
    return pieces, places
