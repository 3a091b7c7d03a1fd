"""What a model is shown of a user's memory, in two lanes: what was told for keeping, and what was said in passing.

Told facts and preferences have a budget of their own, which no conversation can fill. Of conversations only what the
user stated is shown: a question says nothing, and a reply of another conversation may be an invention of the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cleo_memory.records import Hit, Kind, Record
from cleo_memory.search.relevance import FLOOR
from cleo_memory.search.statements import statements
from cleo_memory.search.text import sameness, words
from cleo_memory.search.windows import approximate_tokens, windows

SLOT = "slot"
"""The part of a hit that was found by what it is about; see `formation.asking`."""
REASONS = {
    SLOT: "tells what the question asks for",
    "words": "shares words with the question, itself or the turns beside it",
    "meaning": "means something like the question",
    "conversation": "was said in a conversation about it",
    "speaker": "was said by the person whom the question names",
    "neighbour": "stands beside a turn that fits well",
    "answers": "follows a question that shares words with this one",
    "time": "tells a time, and the question asks when",
    "number": "tells a number, and the question asks how many",
    "name": "tells a name, and the question asks who, where or which",
}
LATER = "was told later about the same as another that fits"
PREFERENCE = "is a preference of the user"
QUOTES = re.compile('["\u201c-\u201f\u00ab\u00bb\u300c-\u300f\u301d-\u301f\uff02\u2033\u2036]')
NOT_THE_USER = frozenset({"assistant", "system", "tool", "model"})
HALF_LIFE = 30 * 86400.0  # seconds
RECENCY = 0.05  # of the best score: decides between near-equals and no more
WORTH_NAMING = 0.15  # share of the score from which a part is named as a reason


@dataclass(frozen=True, slots=True)
class Citation:
    """A memory in the notes, and why it is there."""

    id: str
    kind: str
    score: float
    reason: str
    """In words: ``shares words with the question; was said by the person whom the question names``."""
    parts: Mapping[str, float]
    """The same as the summands of the score."""
    number: int | None = None
    """The number in square brackets before its line; preferences stand under their key and have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Facts and notes for a prompt, and the turns that the prompt shows as turns."""

    facts: str
    """Told for keeping, or learned: preferences, then facts, the newest first."""
    notes: str
    """What the user stated in conversations, the newest first."""
    citations: tuple[Citation, ...]
    tokens: int
    """Length of `text` or of `quoted`, whichever is longer."""
    quoted: str = ""
    """The same for a small model: each memory in double quotes that it cannot close itself, the told facts last, with
    the day on which it was said where that is not today."""
    recent: tuple[Record, ...] = ()
    """The last turns of the conversation, oldest first. None of them is repeated in `notes`."""
    answered: bool = False
    """The facts are what the question asks for, and it asks for nothing else: no turn need stand beside them."""
    degraded: tuple[str, ...] = ()
    """Why this is less than it could be, in words."""

    @property
    def text(self) -> str:
        """Both lanes, a memory a line."""
        return "\n".join(lane for lane in (self.facts, self.notes) if lane)


@dataclass(frozen=True, slots=True)
class _Note:
    record: Record
    text: str
    hit: Hit | None = None
    """None for a preference that stands whatever is asked."""

    def line(self, number: int) -> str:
        """On one line: a memory cannot start a line that looks like another memory."""
        record = self.record
        if record.kind is Kind.PREFERENCE:
            return " ".join(record.labelled(self.text).split())
        said = record.valid_from
        speaker = None if record.speaker == "user" else record.speaker
        head = ", ".join(part for part in (f"{said.day} {said:%B %Y}", speaker) if part)
        return " ".join(f"[{number}] {head}: {record.labelled(self.text)}".split())

    def quotation(self, now: datetime | None) -> str:
        """In double quotes, on one line, without any sign that could be taken for their end."""
        said = self.record.valid_from
        told = "" if now is None or said.date() >= now.date() else f" ({said.day} {said:%B %Y})"
        text = self.record.labelled(self.text)
        if self.record.kind is Kind.PREFERENCE:
            told = ""  # holds whenever it was said
        plain = " ".join(QUOTES.sub("'", text).split())
        return f'"{plain}"{told}'

    def citation(self, number: int) -> Citation:
        kind, own = str(self.record.kind), None if self.record.kind is Kind.PREFERENCE else number
        if self.hit is None:
            return Citation(self.record.id, kind, 1.0, PREFERENCE, {}, own)
        return Citation(self.record.id, kind, self.hit.score, _reason(self.hit), self.hit.parts, own)


def build_context(
    told: Sequence[Hit],
    said: Sequence[Hit],
    *,
    token_budget: int,
    fact_budget: int | None = None,
    preferences: Mapping[str, Record] | None = None,
    recent: Sequence[Record] = (),
    query: str = "",
    now: datetime | None = None,
    count: Callable[[str], int] = approximate_tokens,
    degraded: tuple[str, ...] = (),
    answered: bool = False,
) -> Context:
    """Choose memories for a prompt.

    Args:
        told: what a search found of facts and preferences, best first.
        said: what it found of conversations.
        token_budget: `Context.tokens` stays at or below it.
        fact_budget: tokens that facts and preferences may take of it, by default all but a third; what they leave is
            for the rest. Preferences take half of it at most, those first that bear on the question.
        preferences: those that are shown whatever is asked, by key.
        recent: turns that the prompt shows anyway; what is told in them for keeping is shown still.
        query: chooses the stretch of a long memory that is shown.
        now: for the recency bonus that decides between near-equals (half-life 30 days); None gives none.
        count: tokens of a text, from the model's own tokenizer where there is one.
        answered: `told` is what the question asks for, and it asks for nothing else.
    """
    most = min(token_budget, token_budget - token_budget // 3 if fact_budget is None else fact_budget)
    seen = _Seen(recent)
    lanes = _Lanes(count, len(told) + len(said))
    standing = [_Note(record, record.content) for record in _ordered(preferences or {}, told)]
    preferred = lanes.fitting(seen.fresh(standing), most // 2)
    facts = [_Note(hit.record, _excerpt(hit, query), hit) for hit in _by_worth(told, now)]
    chosen = lanes.fitting(seen.fresh(facts), most - lanes.used)
    # A told fact is shown although a turn above says it: the words of the model stand between that and the question.
    seen.add(recent)
    stated = [_Note(hit.record, statements(_excerpt(hit, query)), hit) for hit in _by_worth(said, now) if _own(hit)]
    passing = lanes.fitting(seen.fresh(stated), token_budget - lanes.used)
    while True:
        context = _written(preferred, _newest_first(chosen), _newest_first(passing), count, recent, degraded, now)
        if context.tokens <= token_budget:
            return replace(context, answered=answered and bool(chosen))
        # A tokenizer may count the whole higher than its lines; the least worthy came last.
        (passing or chosen or preferred).pop()


class _Seen:
    """What is shown already, by id and by what it says."""

    def __init__(self, recent: Sequence[Record]) -> None:
        self._ids, self._said = {record.id for record in recent}, set[int]()

    def add(self, recent: Sequence[Record]) -> None:
        """What the user says in turns that the prompt shows."""
        self._said |= {sameness(record.content, record.speaker) for record in recent if record.speaker == "user"}

    def fresh(self, notes: Iterable[_Note]) -> Iterable[_Note]:
        """Those that say something new, each once. One that is passed over for want of room counts as shown: what it
        says is not shown in other words either."""
        for note in notes:
            record, said = note.record, sameness(note.text, note.record.speaker)
            known = note.hit is not None and said in self._said
            if note.text and record.id not in self._ids and not known:
                self._said.add(said)
                self._ids |= {record.id, record.provenance.get("turn", record.id)}
                yield note


class _Lanes:
    """Counts tokens as notes are taken."""

    def __init__(self, count: Callable[[str], int], most: int) -> None:
        self._count, self._most, self.used = count, most, 0

    def fitting(self, notes: Iterable[_Note], room: int) -> list[_Note]:
        """Those that find room, each priced with the longest number it may get and its line end."""
        chosen = []
        for note in notes:
            if (price := self._count(note.line(self._most)) + 1) <= room:
                room -= price
                self.used += price
                chosen.append(note)
        return chosen


def _written(
    preferred: Sequence[_Note],
    chosen: Sequence[_Note],
    passing: Sequence[_Note],
    count: Callable[[str], int],
    recent: Sequence[Record],
    degraded: tuple[str, ...],
    now: datetime | None,
) -> Context:
    told, said = [*preferred, *chosen], list(passing)
    first = 1 - len(preferred)  # preferences take no number
    numbered = [(note, place) for place, note in enumerate([*told, *said], first)]
    lines = [note.line(number) for note, number in numbered]
    facts, notes = "\n".join(lines[: len(told)]), "\n".join(lines[len(told) :])
    text = "\n".join(lane for lane in (facts, notes) if lane)
    quoted = " ".join(note.quotation(now) for note in [*preferred, *reversed([*chosen, *passing])])
    return Context(
        facts=facts,
        notes=notes,
        citations=tuple(note.citation(number) for note, number in numbered),
        tokens=max(count(text), count(quoted)) if text else 0,
        quoted=quoted,
        recent=tuple(recent),
        degraded=degraded,
    )


def _own(hit: Hit) -> bool:
    return hit.record.speaker not in NOT_THE_USER and hit.relevance >= FLOOR


def _ordered(preferences: Mapping[str, Record], told: Sequence[Hit]) -> list[Record]:
    """Those that bear on the question first, then the newest."""
    place = {hit.record.id: at for at, hit in enumerate(told)}
    newest = sorted(preferences.values(), key=lambda record: record.valid_from, reverse=True)
    return sorted(newest, key=lambda record: place.get(record.id, len(place)))


def _newest_first(notes: Sequence[_Note]) -> list[_Note]:
    return sorted(notes, key=lambda note: note.record.valid_from, reverse=True)


def _by_worth(hits: Sequence[Hit], now: datetime | None) -> list[Hit]:
    if now is None:
        return list(hits)
    best = max((hit.score for hit in hits), default=0.0)
    return sorted(hits, key=lambda hit: -_worth(hit, now, best))


def _worth(hit: Hit, now: datetime, best: float) -> float:
    age = max(0.0, (now - hit.record.valid_from).total_seconds())
    return hit.score + RECENCY * best * float(2.0 ** (-age / HALF_LIFE))


def _excerpt(hit: Hit, query: str) -> str:
    """The memory, or of a long one the stretch that fits best."""
    stretches = windows(hit.record.content)
    if not stretches:
        return hit.record.content
    if hit.window is not None and hit.window < len(stretches):
        return stretches[hit.window]
    asked = set(words(query))
    return max(stretches, key=lambda stretch: len(asked & set(words(stretch))))


def _reason(hit: Hit) -> str:
    if hit.relevance < FLOOR:
        return LATER
    parts = sorted(hit.parts.items(), key=lambda part: -part[1])
    named = [name for name, value in parts if value >= WORTH_NAMING * hit.score] or [name for name, _ in parts[:1]]
    return "; ".join(REASONS.get(name, name) for name in named)
