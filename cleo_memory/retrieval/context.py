"""What the model is shown of a user's memories: as many as a token budget allows, each with the reason it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cleo_memory.retrieval.documents import Document, Match

__all__ = ["Citation", "Context", "approximate_tokens", "build_context"]


@dataclass(frozen=True, slots=True)
class Citation:
    """Why a memory is in the context."""

    number: int
    """The number in square brackets before its text."""
    id: str
    score: float
    parts: dict[str, float]
    because: str
    """The same in words: ``shares rare words with the question; said by Ann, whom the question names``."""


@dataclass(frozen=True, slots=True)
class Context:
    text: str
    citations: tuple[Citation, ...]
    tokens: int


def approximate_tokens(text: str) -> int:
    """An upper estimate without a tokenizer: a token is at least three characters or one word or sign."""
    raise NotImplementedError


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
    raise NotImplementedError
