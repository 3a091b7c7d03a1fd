"""Following erasures that other processes do: what they erased, this one must not keep in memory either."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cleo_core.errors import CleoError
from cleo_memory.lifecycle.erase import Eraser
from cleo_memory.records import Owner

__all__ = ["follow_erasures"]

log = logging.getLogger(__name__)
EVERY = 2.0  # seconds


async def follow_erasures(eraser: Eraser, let_go: Callable[[Owner], None]) -> None:
    """Call `let_go` with each user who is erased from now on, by whatever process, until cancelled."""
    known: set[str] | None = None
    while True:
        try:
            recent = await eraser.recent_of_all_users()
            for id, owner in recent:
                # What was erased before the first look was never in this process; what the user wrote after it may be.
                if known is not None and id not in known:
                    let_go(owner)
            known = {id for id, _ in recent}
        except CleoError as error:
            log.warning("Erasures by other processes cannot be followed: %s", error.code)
        await asyncio.sleep(EVERY)
