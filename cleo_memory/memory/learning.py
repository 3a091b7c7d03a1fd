"""What a user told of themselves: learned from turns, listed, and forgotten by what a text speaks of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from cleo_memory.draft import LARGEST_PAGE
from cleo_memory.formation import TOLD_KINDS, Forgot, Learned, holds, meant
from cleo_memory.memory.changing import Changing
from cleo_memory.memory.reading import Reading
from cleo_memory.records import ErasureEpoch, Kind, Record


class Learning(Reading, Changing):
    async def learn(
        self, user: str, turn: Record, *, epoch: ErasureEpoch | None = None, asked: str | None = None
    ) -> Learned:
        """Keep what a turn of the user tells of the user, each fact with the turn it came from: see
        `cleo_memory.formation`. What is known is not written again; what no longer holds ends.

        Args:
            epoch: as of `append`.
            asked: the part of the turn that the user asked to be remembered: it is kept whatever the rules make of it.

        Raises:
            UserErased: another epoch of the user has begun; nothing was written.
            MemoryNotFound: the turn was forgotten meanwhile.
            QuotaExceeded: the user keeps as much as may be.
        """
        if asked is not None:
            return await self.learner.keep_asked(user, turn, asked, epoch=epoch)
        return await self.learner.learn(user, turn, epoch=epoch)

    async def told(self, user: str) -> list[Record]:
        """The facts and preferences that hold now, learned or handed in, in the order in which they were written."""
        return await self.learner.told(user)

    async def forget_told(self, user: str, text: str, *, everything: bool = False) -> Forgot:
        """Forget for good the facts and preferences that a text speaks of ("my allergy"), and the turns of all
        conversations that say them, whether they hold now or held before; with `everything`, all of them."""
        # What no longer holds among them: it stands in pages and exports until it is forgotten.
        told = [record async for record in self._all(user, TOLD_KINDS)][::-1]
        chosen = told if everything else meant(text, told)
        if not chosen:
            return Forgot()
        ids = [turn.id async for turn in self._all(user, [Kind.CONVERSATION]) if holds(turn.content, chosen)]
        ids += [turn for record in chosen if (turn := record.provenance.get("turn")) and turn not in ids]
        facts = [record.id for record in chosen]
        gone = await self.forget(user, [*facts, *ids])
        return Forgot(tuple(chosen), max(0, gone - len(facts)))

    async def _all(self, user: str, kinds: Collection[Kind]) -> AsyncIterator[Record]:
        """Everything of these kinds that is kept, the last written first."""
        after = None
        while True:
            page = await self.memories(user, kinds=kinds, first=LARGEST_PAGE, after=after)
            for record in page.items:
                yield record
            if (after := page.end) is None:
                return
