"""One question on its way to a reply, and how its turns are kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cleo_core.proof import replies
from cleo_memory import ErasureEpoch, Memory, MemoryNotFound, Record, UserErased
from cleo_serving.chat.events import Provenance, Question


@dataclass(frozen=True, slots=True)
class Exchange:
    user: str
    epoch: ErasureEpoch
    """The user's before anything of the user was read."""
    conversation: str
    question: Question
    provenance: Provenance


class Turns:
    """Keeps what was asked and answered."""

    def __init__(self, memory: Memory, *, shadow: bool) -> None:
        """With `shadow`, each turn that is kept is noted in the session's shadow memory, too."""
        self._memory, self._shadow = memory, shadow

    async def append(
        self,
        exchange: Exchange,
        role: str,
        text: str,
        provenance: dict[str, str] | None = None,
        *,
        answers: str | None = None,
    ) -> Record | None:
        """Write a turn, unless the user was erased since, by whatever process, or what it answers was forgotten."""
        user, conversation = exchange.user, exchange.conversation
        try:
            turn = await self._memory.append(
                user, conversation, role, text, provenance=provenance, epoch=exchange.epoch, answers=answers
            )
        except (UserErased, MemoryNotFound):
            return None
        if self._shadow:
            self._memory.shadow.note(user, conversation, role, text)
        return turn

    async def keep_reply(self, exchange: Exchange, asked: Record, text: str) -> None:
        """Write where a reply came from, and its turn."""
        await asyncio.to_thread(replies.append, exchange.provenance.receipt())
        if text.strip():
            await self.append(exchange, "assistant", text, exchange.provenance.of_turn(), answers=asked.id)
