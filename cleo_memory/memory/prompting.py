"""What a model is shown of a memory: the last turns, and in two lanes what bears on the question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from cleo_core import clock
from cleo_memory.draft import LARGEST_PAGE, check_query, kind_of, page_size
from cleo_memory.memory.finding import Finding
from cleo_memory.memory.reading import Reading
from cleo_memory.records import Hits, Kind, Record
from cleo_memory.search import Context, Filter, approximate_tokens, build_context

AROUND_A_TURN = 8
"""Tokens that a chat template puts around a turn, at most."""


class Prompting(Finding, Reading):
    async def context(
        self,
        user: str,
        query: str,
        token_budget: int,
        *,
        fact_budget: int | None = None,
        room: int | None = None,
        turn_budget: int | None = None,
        conversation: str | None = None,
        turns: int = 12,
        kinds: Collection[Kind | str] | None = None,
        limit: int = 20,
        count: Callable[[str], int] = approximate_tokens,
    ) -> Context:
        """What a model is shown: the last turns of the conversation, and within a budget what bears on the question,
        each with a citation that says why it is there.

        First the user's preferences and what was told for keeping or learned, in a budget of their own; then what the
        user stated in conversations, never what an assistant said in them.

        Args:
            fact_budget: tokens of the budget for facts and preferences; two thirds by default.
            room: tokens for notes and turns together; the notes shrink before the turns do.
            turn_budget: tokens of the turns that the caller shows at most.
            turns, limit: the most turns shown, and memories searched for in each lane.
            kinds: of what is searched; all by default.
            count: tokens of a text, by the model's tokenizer.
        """
        recent = await self.window(user, conversation, turns=turns) if conversation else []
        shown, used = await asyncio.to_thread(_last_within, recent, turn_budget, count)
        budget = token_budget if room is None else max(0, min(token_budget, room - used))
        wanted = set(Kind) if kinds is None else {kind_of(kind) for kind in kinds}
        told, said = Hits(), Hits()
        if budget and check_query(query).strip():
            asked, now = await self.indexes.query(query), time.time()
            if facts := wanted - {Kind.CONVERSATION}:
                where = Filter(kinds={str(kind) for kind in facts}, valid_at=now)
                told = await self._matching(user, asked, page_size(limit), where)
            if Kind.CONVERSATION in wanted:
                # More than are shown: the assistant's words and the user's questions are among them.
                where = Filter(kinds={str(Kind.CONVERSATION)}, valid_at=now)
                said = await self._matching(user, asked, min(LARGEST_PAGE, 4 * limit), where)
        build = partial(
            build_context,
            told,
            said,
            token_budget=budget,
            fact_budget=fact_budget,
            preferences=await self.preferences(user) if Kind.PREFERENCE in wanted else {},
            recent=shown,
            query=query,
            now=clock.now(),
            count=count,
            degraded=tuple(dict.fromkeys([*told.degraded, *said.degraded])),
        )
        context = await asyncio.to_thread(build)
        return replace(context, recent=tuple(recent))


def _last_within(recent: list[Record], most: int | None, count: Callable[[str], int]) -> tuple[list[Record], int]:
    """The last turns that take no more tokens than this, and how many these are, what is around a turn included."""
    used = 0
    for place in range(len(recent) - 1, -1, -1):
        price = count(recent[place].content) + AROUND_A_TURN
        if most is not None and used + price > most:
            return recent[place + 1 :], used
        used += price
    return recent, used
