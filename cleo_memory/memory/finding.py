"""Finding what bears on a question: in the user's own index, or in a store that is given vectors."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime

from cleo_memory.catalog.holding import is_holding
from cleo_memory.draft import check_query, kind_of, page_size, seconds
from cleo_memory.memory.parts import MemoryParts
from cleo_memory.records import Hit, Hits, Kind
from cleo_memory.search import Filter
from cleo_memory.search.indexes import Query, damaged_reason


class Finding(MemoryParts):
    async def search(
        self,
        user: str,
        query: str,
        *,
        limit: int = 10,
        kinds: Collection[Kind | str] | None = None,
        conversations: Collection[str] | None = None,
        speakers: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        at: datetime | None = None,
    ) -> Hits:
        """The memories that bear most on a query, best first, each with the parts of its score.

        What does not bear on it at all is not found, and of memories that say the same only the newest. A score
        compares the memories of one answer with each other; `Hit.relevance` says how well one fits by itself.

        Args:
            since, until: said at or after, said before.
            at: as things stood at this moment; now by default.
        """
        if not check_query(query).strip():
            return Hits()
        size = page_size(limit)
        where = Filter(
            kinds=None if kinds is None else {str(kind_of(kind)) for kind in kinds},
            conversations=conversations,
            speakers=speakers,
            since=None if since is None else seconds(since),
            until=None if until is None else seconds(until),
            valid_at=time.time() if at is None else seconds(at),
        )
        return await self._matching(user, await self.indexes.query(query), size, where)

    async def _matching(self, user: str, asked: Query, limit: int, where: Filter) -> Hits:
        owner = self.keyring.owner(user)
        matches, reasons = await self.indexes.search(owner, asked, limit, where)
        found = await self.catalog.of(owner).find([match.id for match in matches])
        opened = await self.payloads.open(owner, list(found.values()))
        records = {record.id: record for record in opened.records()}
        self.access.note(owner, found.values())
        hits = Hits(
            Hit(records[match.id], match.score, match.parts, match.relevance, match.window)
            for match in matches
            if match.id in records
        )
        reasons += [why for id in sorted(opened.damaged) if (why := damaged_reason(id)) not in reasons]
        for store in sorted(opened.down):
            reasons.append(f"{store} does not answer: {len(found) - len(records)} memories found are out of reach")
        hits.degraded = tuple(reasons)
        return hits

    async def nearest(self, user: str, query: str, *, limit: int = 10) -> Hits:
        """The cold memories nearest in meaning, asked of the store that is given vectors (``vectors=indexed``).

        Loads no index of the user: for one with very many memories who is seldom here. Weaker than `search`: it knows
        no words, and only what is cold and still holds.

        Raises:
            ConfigError: the settings keep vectors sealed, or no cold store can search them.
            BackendDown: that store does not answer.
        """
        owner = self.keyring.owner(user)
        store = self.payloads.tiers.searchable
        found = await self.indexes.nearest(owner, check_query(query), page_size(limit), store)
        entries = await self.catalog.of(owner).find([id for id, _ in found])
        now = time.time()
        held = [each for each in entries.values() if is_holding(each, now, now)]
        records = {each.id: each for each in await self._open(owner, held)}
        self.access.note(owner, held)
        return Hits(Hit(records[id], score, {"vector": score}) for id, score in found if id in records)

    async def settle(self, user: str) -> None:
        """Wait until the user's memories are embedded and the index is stored; otherwise that is done behind."""
        await self.indexes.settle(self.keyring.owner(user))
