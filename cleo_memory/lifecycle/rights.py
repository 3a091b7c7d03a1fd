"""What a user may demand of the memory, and what an operator owes: a copy, an erasure, fresh keys. Each is audited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from cleo_core.audit.log import ready, record
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.errors import BackendDown
from cleo_memory.lifecycle.erase import Eraser, Receipt
from cleo_memory.lifecycle.export import Exporter, Manifest
from cleo_memory.lifecycle.rotation import Rotation
from cleo_memory.records import Owner
from cleo_memory.storage.delivery import Delivery

__all__ = ["Rights"]


class Rights:
    def __init__(
        self,
        keyring: Keyring,
        eraser: Eraser,
        exporter: Exporter,
        rotation: Rotation,
        deliveries: Sequence[Delivery],
        let_go: Callable[[Owner], None],
    ) -> None:
        """`let_go`: drops whatever this process holds of a user."""
        self.keyring, self.eraser, self.exporter, self.rotation = keyring, eraser, exporter, rotation
        self.deliveries, self.let_go = deliveries, let_go

    async def export(self, user: str, path: Path) -> Manifest:
        owner = self.keyring.owner(user)
        manifest = await self.exporter.write(owner, user, path)
        await _audit("memory.exported", owner, records=manifest.records, sha256=manifest.sha256)
        return manifest

    async def restore(self, user: str, path: Path) -> tuple[int, int]:
        owner = self.keyring.owner(user)
        written, known = await self.exporter.read(owner, user, path)
        await _audit("memory.restored", owner, written=written, known=known)
        return written, known

    async def erase(self, user: str) -> Receipt:
        owner = self.keyring.owner(user)
        await asyncio.to_thread(ready)  # what fails only afterwards takes the receipt with it
        facts = await self.eraser.begin(owner)
        self.let_go(owner)
        for delivery in self.deliveries:
            with suppress(BackendDown):
                await delivery.drain()
        receipt = await self.eraser.finish(owner, facts)
        await _audit("memory.erased", owner, receipt=receipt.id, memories=receipt.memories)
        return receipt

    async def rotate_key(self, user: str) -> int:
        owner = self.keyring.owner(user)
        done = await self.rotation.rotate(owner)
        await _audit("memory.key-rotated", owner, memories=done)
        return done

    async def rotate_kek(self) -> int:
        provider = self.keyring.provider
        if (rotate := getattr(provider, "rotate", None)) is not None:
            await asyncio.to_thread(rotate)
        done = await self.keyring.rewrap()
        await asyncio.to_thread(partial(record, "memory.kek-rotated", "memory", provider.current, keys=done))
        return done


async def _audit(event: str, owner: Owner, **details: str | int) -> None:
    await asyncio.to_thread(partial(record, event, "memory", str(owner), sealed=None, **details))
