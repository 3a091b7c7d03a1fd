"""What a model is shown of a memory: the last turns, and in two lanes what bears on the question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import replace
from functools import partial

from cleo_core import clock
from cleo_memory.draft import LARGEST_PAGE, check_query, kind_of, page_size
from cleo_memory.formation import answers_to, may_renew, outdated
from cleo_memory.memory.finding import Finding
from cleo_memory.memory.reading import Reading
from cleo_memory.records import Hit, Hits, Kind, Record
from cleo_memory.search import SLOT, Context, Filter, approximate_tokens, build_context

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
        told, said, whole = await self._bearing(user, query, wanted, limit) if budget else (Hits(), Hits(), False)
        preferences = await self.preferences(user) if Kind.PREFERENCE in wanted else {}
        build = partial(
            build_context,
            told,
            said,
            token_budget=budget,
            fact_budget=fact_budget,
            preferences={key: each for key, each in preferences.items() if _stands(each)},
            recent=shown,
            query=query,
            now=clock.now(),
            count=count,
            degraded=tuple(dict.fromkeys([*told.degraded, *said.degraded])),
            answered=whole,
        )
        context = await asyncio.to_thread(build)
        return replace(context, recent=tuple(recent))

    async def _bearing(self, user: str, query: str, wanted: Set[Kind], limit: int) -> tuple[Hits, Hits, bool]:
        """What bears on a question: (told for keeping or learned, said in conversations, whether that is all it needs).

        A fact that is what the question asks for comes first. Where it asks for nothing else, no other stands beside
        it but what was said after it, which may say it anew: a small model takes the wrong one of two.
        """
        if not check_query(query).strip():
            return Hits(), Hits(), False
        held = [record for record in await self.learner.told(user) if record.kind in wanted]
        answers = await asyncio.to_thread(answers_to, query, held)
        told, said = Hits(Hit(each, 1.0, {SLOT: 1.0}, relevance=1.0) for each in answers.records[:limit]), Hits()
        asked, now = await self.indexes.query(query), time.time()
        if not answers.whole and (facts := wanted - {Kind.CONVERSATION}):
            where = Filter(kinds={str(kind) for kind in facts}, valid_at=now)
            more = await self._matching(user, asked, page_size(limit), where)
            known = {record.id for record in answers.records}
            told.extend(hit for hit in more if hit.record.id not in known)
            told.degraded = more.degraded
        if Kind.CONVERSATION in wanted:
            # More than are shown: the assistant's words and the user's questions are among them.
            since = answers.records[0].valid_from.timestamp() if answers.whole else None
            where = Filter(kinds={str(Kind.CONVERSATION)}, since=since, valid_at=now)
            found = await self._matching(user, asked, min(LARGEST_PAGE, 4 * limit), where)
            said.extend(await asyncio.to_thread(_current, found, held, query if answers.whole else None))
            said.degraded = found.degraded
        return told, said, answers.whole


def _stands(preference: Record) -> bool:
    """Whether a preference is shown whatever is asked: one that was set, or says how replies are to be. What the user
    was heard to like is shown where it bears on the question, as any fact is."""
    return not preference.learned or (preference.key or "").startswith("reply.")


def _current(said: Hits, held: Sequence[Record], answered: str | None) -> list[Hit]:
    """Without turns that tell what something told later has replaced, and beside the answer to a question without those
    that cannot say it anew."""
    current: list[Hit] = said
    if any(record.key is not None for record in held):  # else nothing replaces anything: no turn need be read
        current = [hit for hit in said if not outdated(hit.record.content, hit.record.valid_from, held)]
    return current if answered is None else [hit for hit in current if may_renew(answered, hit.record.content)]


def _last_within(recent: list[Record], most: int | None, count: Callable[[str], int]) -> tuple[list[Record], int]:
    """The last turns that take no more tokens than this, and how many these are, what is around a turn included."""
    used = 0
    for place in range(len(recent) - 1, -1, -1):
        price = count(recent[place].content) + AROUND_A_TURN
        if most is not None and used + price > most:
            return recent[place + 1 :], used
        used += price
    return recent, used
