"""Notes which memories are used, in memory; written to the catalogue together every few seconds.

An access is not worth a commit of its own: what a crash loses here is a rank, not a memory.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from cleo_core.errors import CleoError
from cleo_memory.catalogue import Catalogue, Entry
from cleo_memory.records import Owner
from cleo_memory.tiering.score import heat_after

__all__ = ["AccessLog"]

log = logging.getLogger(__name__)
EVERY = 5.0


class AccessLog:
    def __init__(self, catalogue: Catalogue, half_life: float) -> None:
        self.catalogue, self.half_life = catalogue, half_life
        self._noted: dict[Owner, dict[str, tuple[float, float]]] = {}

    def note(self, owner: Owner, entries: Iterable[Entry]) -> None:
        now, noted = time.time(), self._noted.setdefault(owner, {})
        for entry in entries:
            before = noted[entry.id][0] if entry.id in noted else entry.heat
            noted[entry.id] = (heat_after(before, now, self.half_life, 0.5 + entry.importance), now)

    async def flush(self) -> None:
        noted, self._noted = self._noted, {}
        for owner, heats in noted.items():
            await self.catalogue.touch(owner, [(id, heat, at) for id, (heat, at) in heats.items()])

    def drop(self, owner: Owner) -> None:
        self._noted.pop(owner, None)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.flush()
            except CleoError as error:
                log.warning("Access scores could not be written: %s", error.code)
