"""What the memory gives for a question: notes for the prompt, and of each why it stands there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from cleo_memory import Kind, Memory, Record
from cleo_memory.search import Match, build_context
from cleo_memory.search.indexes import document
from cleo_serving.engine.base import Engine
from cleo_serving.settings import PromptSettings

__all__ = ["Recollection", "UsedMemory", "recollect"]

FOUND = 8
"""Memories asked for; how many of them find room is decided in tokens."""
WORTH_SHOWING = 0.5
"""Share of the best score from which a memory is shown: a small model is led astray by what does not bear on it."""
WITHOUT_REASON = "nothing else was found"


@dataclass(frozen=True, slots=True)
class UsedMemory:
    """A memory that stood in the prompt, and why."""

    id: str
    kind: str
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Recollection:
    notes: str
    used: tuple[UsedMemory, ...]
    """What stands in the notes."""
    degraded: tuple[str, ...]
    """Why it is less than it could be."""


async def recollect(
    memory: Memory, settings: PromptSettings, user: str, text: str, earlier: Sequence[Record], engine: Engine
) -> Recollection:
    """The user's preferences and the memories that bear on a text, within the settings' budget of tokens.

    Args:
        earlier: turns that the prompt shows anyway.
    """
    budget = min(settings.memory_tokens, engine.capabilities.context_tokens // 4)
    hits = await memory.search(user, text, limit=FOUND)
    shown = {turn.id for turn in earlier}
    best = max((hit.score for hit in hits), default=0.0)
    found = [
        (Match(hit.record.id, hit.score, dict(hit.parts)), document(hit.record))
        for hit in hits
        if hit.record.id not in shown and hit.score >= WORTH_SHOWING * best
    ]
    preferences = await memory.preferences(user)
    lines, known = [], []
    for key, record in preferences.items():
        line = f"{key}: {' '.join(record.content.split())}"
        if (price := engine.count(line) + 1) <= budget // 2:
            budget -= price
            lines.append(line)
            known.append(UsedMemory(record.id, str(record.kind), 1.0, "is a preference of the user"))
    listed = {memory.id for memory in known}
    context = await asyncio.to_thread(
        build_context, [pair for pair in found if pair[0].id not in listed], token_budget=budget, count=engine.count
    )
    kinds = {hit.record.id: str(hit.record.kind) for hit in hits}
    used = [
        UsedMemory(cited.id, kinds.get(cited.id, str(Kind.EPISODIC)), cited.score, cited.because or WITHOUT_REASON)
        for cited in context.citations
    ]
    notes = "\n".join([*lines, context.text] if context.text else lines)
    return Recollection(notes, (*known, *used), hits.degraded)
