"""A loaded model and what is known of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from cleo_core import clock
from cleo_core.registry.pull import VerifiedModel
from cleo_serving.engine.base import Engine

__all__ = ["UNSIGNED", "ServedModel"]

UNSIGNED = "unsigned"
"""Version, approval and reviewer of a folder that is served in development."""


@dataclass(slots=True, eq=False)
class ServedModel:
    """A loaded model and what is known of it."""

    engine: Engine
    name: str
    version: str
    """Number in the registry, or ``unsigned`` for a folder in development."""
    bundle_digest: str
    approval_id: str
    approved_by: str
    verified: VerifiedModel | None = None
    loaded_at: datetime = field(default_factory=clock.now)
    borrowed: int = 0
    retired: bool = False

    @property
    def number(self) -> int:
        return self.verified.version if self.verified else 0

    @property
    def signed(self) -> bool:
        return self.verified is not None

    async def close(self) -> None:
        await self.engine.close()
        if self.verified is not None:
            await asyncio.to_thread(self.verified.release)
