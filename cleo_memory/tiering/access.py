"""Notes which memories are used, in memory; written to the catalogue together every few seconds.

An access is not worth a commit of its own: what a crash loses here is a rank, not a memory.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from cleo_core.errors import CleoError
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.repository import Catalog
from cleo_memory.records import Owner
from cleo_memory.tiering.policy import TierPolicy

__all__ = ["AccessLog"]

log = logging.getLogger(__name__)
EVERY = 5.0


class AccessLog:
    def __init__(self, catalog: Catalog, policy: TierPolicy) -> None:
        self.catalog, self.policy = catalog, policy
        self._noted: dict[Owner, dict[str, tuple[float, float]]] = {}
        self._promotions: dict[Owner, set[str]] = {}

    def note(self, owner: Owner, entries: Iterable[Entry]) -> None:
        now, noted = time.time(), self._noted.setdefault(owner, {})
        for entry in entries:
            heat, before = noted.get(entry.id, (entry.heat, entry.touched_at))
            if self.policy.promotes(entry, before, now):
                self._promotions.setdefault(owner, set()).add(entry.id)
            noted[entry.id] = (self.policy.heat_after_access(heat, entry.importance, now), now)

    def take_promotions(self) -> dict[Owner, set[str]]:
        """Memories that earned a hotter tier since the last call."""
        taken, self._promotions = self._promotions, {}
        return taken

    async def flush(self) -> None:
        noted, self._noted = self._noted, {}
        for owner, heats in noted.items():
            noted_heats = [(id, heat, at) for id, (heat, at) in heats.items()]
            await self.catalog.of(owner).write(lambda rows, heats: rows.memories.touch(heats), noted_heats)

    def drop(self, owner: Owner) -> None:
        self._noted.pop(owner, None)
        self._promotions.pop(owner, None)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.flush()
            except CleoError as error:
                log.warning("Access scores could not be written: %s", error.code)
