"""What a question leaves in memory besides its turn: facts that are learned behind the reply, and requests about memory
itself, which are done as they are said and answered with what was done.

A small model would answer "I will remember that" whether or not anything was kept; so these replies are composed of
what memory did and not generated.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cleo_core.errors import CleoError
from cleo_core.telemetry import get_logger
from cleo_memory import Command, ErasureEpoch, Learned, Memory, Record, means_everything
from cleo_serving.chat.phrases import PHRASES

log = get_logger(__name__)
PATIENCE = 0.5
"""Seconds for which a reply that is whole waits for what was learned; later, it is learned without being told."""
MOST_TOLD = 40
QUOTED = 400
"""Characters of a fact that a reply repeats."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a request about memory."""

    text: str
    """The reply."""
    learned: tuple[Record, ...] = ()
    gone: tuple[Record, ...] = ()
    """What was forgotten: no turn that says it may be kept."""


class Learning:
    """Learns from the turns of every user, each behind its reply."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._tasks: set[asyncio.Task[Learned]] = set()

    def begin(self, user: str, turn: Record, epoch: ErasureEpoch) -> asyncio.Task[Learned]:
        """Start to learn from a turn that was kept; nothing that goes wrong there reaches the reply."""
        task = asyncio.create_task(self._learn(user, turn, epoch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def learned(self, task: asyncio.Task[Learned] | None) -> tuple[Record, ...]:
        """What was learned so far."""
        if task is None:
            return ()
        done, _ = await asyncio.wait([task], timeout=PATIENCE)
        return task.result().written if done else ()

    async def settle(self) -> None:
        """Wait until everything that was begun is learned."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _learn(self, user: str, turn: Record, epoch: ErasureEpoch) -> Learned:
        try:
            return await self._memory.learn(user, turn, epoch=epoch)
        except CleoError as error:  # erased or forgotten meanwhile, above the quota, or the store failed
            log.info("nothing was learned from a turn", error=error.code)
        except Exception as error:
            log.warning("learning from a turn failed", error=type(error).__name__)
        return Learned()

    async def act(self, user: str, command: Command, turn: Record | None, epoch: ErasureEpoch) -> Done:
        """Do what is asked of memory. `turn` is the user's, None where it is not kept.

        Raises: UserErased, QuotaExceeded, StorageFault.
        """
        say = PHRASES[command.language]
        match command.verb:
            case "tell":
                told = (await self._memory.told(user))[-MOST_TOLD:]
                lines = [f"- {_shown(record)}" for record in told]
                return Done("\n".join([say.told, *lines]) if lines else say.knows_nothing)
            case "forget":
                forgot = await self._memory.forget_told(user, command.text, everything=means_everything(command))
                if not forgot.told:
                    return Done(say.nothing_to_forget)
                return Done(say.forgotten.format(len(forgot.told), forgot.turns), gone=forgot.told)
            case _:
                assert turn is not None
                made = await self._memory.learn(user, turn, epoch=epoch, asked=command.text)
                form = say.wish if command.verb == "prefer" else say.kept
                if not made.written and not made.known:
                    return Done(say.off)
                if not made.written:
                    return Done(say.known.format(_shown(made.known[0])))
                return Done(form.format("; ".join(map(_shown, made.written))), made.written)


def _shown(record: Record) -> str:
    return record.labelled(" ".join(record.content.split())[:QUOTED])
