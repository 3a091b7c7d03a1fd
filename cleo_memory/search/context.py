"""What the model is shown of a user's memories: as many as a token budget allows, each with the reason it is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cleo_memory.search.documents import Document, Match

__all__ = ["Citation", "Context", "approximate_tokens", "build_context"]

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
    "recent": "was said a moment ago",
}
HALF_LIFE = 30 * 86400.0  # seconds
RECENCY = 0.05  # of the best score: decides between near-equals and no more
WORTH_NAMING = 0.15  # share of the score from which a part is named as a reason


@dataclass(frozen=True, slots=True)
class Citation:
    """Why a memory is in the context."""

    number: int
    """The number in square brackets before its text."""
    id: str
    score: float
    parts: Mapping[str, float]
    because: str
    """The same in words: ``shares words with the question; was said by the person whom the question names``."""


@dataclass(frozen=True, slots=True)
class Context:
    """Text for a prompt, who is cited in it, and its length in tokens."""

    text: str
    citations: tuple[Citation, ...]
    tokens: int


def approximate_tokens(text: str) -> int:
    """An upper estimate for English and most other texts, without a tokenizer: three bytes a token, at least one for
    each word and sign."""
    return max(len(re.findall(r"\w+|[^\w\s]", text)), -(-len(text.encode()) // 3))


def build_context(
    found: Sequence[tuple[Match, Document]],
    *,
    token_budget: int,
    recent: Sequence[Document] = (),
    now: float | None = None,
    count: Callable[[str], int] = approximate_tokens,
) -> Context:
    """Choose memories for a prompt and write them out in the order in which they were said.

    Args:
        found: the answer of a search with its documents, best first.
        token_budget: `Context.tokens` stays at or below it.
        recent: last turns of the present conversation, newest last; taken first, up to a third of the budget, and
            not repeated when a search finds them too.
        now: for the recency bonus that decides between near-equals (half-life 30 days); None gives none.
        count: tokens of a text, from the model's own tokenizer where there is one.
    """
    most = len(found) + len(recent)
    chosen: list[tuple[Match, Document]] = []
    left, share = token_budget, token_budget // 3

    def take(match: Match, document: Document, room: int) -> int:
        # Priced with the longest number it may get and its line end.
        price = count(_line(most, document)) + 1
        if price > room or any(document.id == other.id for _, other in chosen):
            return 0
        chosen.append((match, document))
        return price

    for document in reversed(recent):
        price = take(Match(document.id, 0.0, {"recent": 0.0}), document, share)
        if not price:
            break
        share -= price
        left -= price
    best = found[0][0].score if found else 0.0
    for match, document in sorted(found, key=lambda pair: -_worth(*pair, now=now, best=best)):
        left -= take(match, document, left)
    while True:
        told = sorted(chosen, key=lambda pair: pair[1].at if pair[1].at is not None else float("-inf"))
        text = "\n".join(_line(number, document) for number, (_, document) in enumerate(told, 1))
        tokens = count(text) if text else 0
        if tokens <= token_budget:
            break
        chosen.pop()  # a tokenizer may count the whole higher than its lines; the least worthy came last
    citations = tuple(
        Citation(number, match.id, match.score, match.parts, _because(match))
        for number, (match, _) in enumerate(told, 1)
    )
    return Context(text, citations, tokens)


def _line(number: int, document: Document) -> str:
    """``[2] 7 May 2023, Ann: text`` on one line: a memory cannot start a line that looks like another memory."""
    day = ""
    if document.at is not None:
        moment = datetime.fromtimestamp(document.at, UTC)
        day = f"{moment.day} {moment:%B %Y}"
    head = ", ".join(part for part in (day, document.speaker) if part)
    line = f"[{number}] {head}: {document.text}" if head else f"[{number}] {document.text}"
    return " ".join(line.split())


def _worth(match: Match, document: Document, *, now: float | None, best: float) -> float:
    if now is None or document.at is None:
        return match.score
    age = max(0.0, now - document.at)
    return match.score + RECENCY * best * float(2.0 ** (-age / HALF_LIFE))


def _because(match: Match) -> str:
    parts = sorted(match.parts.items(), key=lambda part: -part[1])
    named = [name for name, value in parts if value >= WORTH_NAMING * match.score]
    return "; ".join(REASONS.get(name, name) for name in named)
