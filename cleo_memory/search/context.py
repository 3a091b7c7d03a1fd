"""What a model is shown of a user's memory: within a token budget, each memory with the reason it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cleo_memory.records import Hit, Record
from cleo_memory.search.windows import approximate_tokens

REASONS = {
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
NO_REASON = "nothing else was found"
PREFERENCE = "is a preference of the user"
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
    """Notes for a prompt, and the turns that the prompt shows as turns."""

    notes: str
    citations: tuple[Citation, ...]
    tokens: int
    """Length of the notes."""
    recent: tuple[Record, ...] = ()
    """The last turns of the conversation, oldest first. None of them is repeated in the notes."""
    degraded: tuple[str, ...] = ()
    """Why this is less than it could be, in words."""


def build_context(
    hits: Sequence[Hit],
    *,
    token_budget: int,
    preferences: Mapping[str, Record] | None = None,
    recent: Sequence[Record] = (),
    least: float = 0.0,
    now: datetime | None = None,
    count: Callable[[str], int] = approximate_tokens,
    degraded: tuple[str, ...] = (),
) -> Context:
    """Choose memories for a prompt. Preferences stand first, then the rest in the order in which it was said.

    Args:
        hits: the answer of a search, best first.
        token_budget: `Context.tokens` stays at or below it.
        preferences: by key; one that would take more than half of what is left is passed over.
        recent: turns that the prompt shows anyway.
        least: share of the best score below which a hit is not shown.
        now: for the recency bonus that decides between near-equals (half-life 30 days); None gives none.
        count: tokens of a text, from the model's own tokenizer where there is one.
    """
    left, lines, known = token_budget, list[str](), list[Citation]()
    for key, record in (preferences or {}).items():
        line = f"{key}: {' '.join(record.content.split())}"
        if (price := count(line) + 1) <= left // 2:
            left -= price
            lines.append(line)
            known.append(Citation(record.id, str(record.kind), 1.0, PREFERENCE, {}))
    passed = {record.id for record in recent} | {citation.id for citation in known}
    best = max((hit.score for hit in hits), default=0.0)
    fitting = [hit for hit in hits if hit.record.id not in passed and hit.score >= least * best]
    chosen: list[Hit] = []
    for hit in sorted(fitting, key=lambda hit: -_worth(hit, now, best)):
        # Priced with the longest number it may get and its line end.
        if (price := count(_line(len(fitting), hit.record)) + 1) <= left:
            left -= price
            chosen.append(hit)
    while True:
        told = sorted(chosen, key=lambda hit: hit.record.valid_from)
        notes = "\n".join([*lines, *(_line(number, hit.record) for number, hit in enumerate(told, 1))])
        tokens = count(notes) if notes else 0
        if tokens <= token_budget:
            break
        # A tokenizer may count the whole higher than its lines; the least worthy came last.
        if chosen:
            chosen.pop()
        else:
            lines.pop()
            known.pop()
    cited = (
        Citation(hit.record.id, str(hit.record.kind), hit.score, _reason(hit), hit.parts, number)
        for number, hit in enumerate(told, 1)
    )
    return Context(notes=notes, citations=(*known, *cited), tokens=tokens, recent=tuple(recent), degraded=degraded)


def _line(number: int, record: Record) -> str:
    """``[2] 7 May 2023, Ann: text`` on one line: a memory cannot start a line that looks like another memory."""
    said = record.valid_from
    head = ", ".join(part for part in (f"{said.day} {said:%B %Y}", record.speaker) if part)
    text = record.content if record.key is None else f"{record.key}: {record.content}"
    return " ".join(f"[{number}] {head}: {text}".split())


def _worth(hit: Hit, now: datetime | None, best: float) -> float:
    if now is None:
        return hit.score
    age = max(0.0, (now - hit.record.valid_from).total_seconds())
    return hit.score + RECENCY * best * float(2.0 ** (-age / HALF_LIFE))


def _reason(hit: Hit) -> str:
    parts = sorted(hit.parts.items(), key=lambda part: -part[1])
    named = [name for name, value in parts if value >= WORTH_NAMING * hit.score]
    return "; ".join(REASONS.get(name, name) for name in named) or NO_REASON
