"""What a user may demand of the memory, and what an operator owes: a copy, an erasure, fresh keys. Part of `Memory`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from cleo_core.audit.log import ready, record
from cleo_memory.encryption.keyring import Keyring
from cleo_memory.errors import BackendDown
from cleo_memory.lifecycle.erase import Eraser, Receipt
from cleo_memory.lifecycle.export import Manifest, Porter
from cleo_memory.lifecycle.rotation import Rotation
from cleo_memory.records import Owner
from cleo_memory.search.indexes import Library
from cleo_memory.session.shadow import ShadowMemory
from cleo_memory.storage.delivery import Delivery
from cleo_memory.tiering.access import AccessLog

__all__ = ["Rights"]


class Rights:
    """Each deed is in the audit log."""

    access: AccessLog
    deliveries: Sequence[Delivery]
    eraser: Eraser
    keyring: Keyring
    library: Library
    porter: Porter
    rotation: Rotation
    shadow: ShadowMemory

    async def export(self, user: str, path: Path) -> Manifest:
        """Write everything of a user to a file of JSON lines with a signed manifest beside it."""
        owner = self.keyring.owner(user)
        manifest = await self.porter.write(owner, user, path)
        await self._audit("memory.exported", owner, records=manifest.records, sha256=manifest.sha256)
        return manifest

    def export_lines(self, user: str) -> AsyncIterator[str]:
        """The same lines, one by one, for a reply that is streamed."""
        return self.porter.lines(self.keyring.owner(user))

    async def restore(self, user: str, path: Path) -> tuple[int, int]:
        """Take in an export of this user; returns (written, known already). What was forgotten stays forgotten."""
        owner = self.keyring.owner(user)
        written, known = await self.porter.read(owner, user, path)
        await self._audit("memory.restored", owner, written=written, known=known)
        return written, known

    async def erase(self, user: str) -> Receipt:
        """Erase a user: keys destroyed, every row and copy gone. Returns a signed receipt; may be called again."""
        owner = self.keyring.owner(user)
        await asyncio.to_thread(ready)  # what fails only after the deed takes the receipt with it
        facts = await self.eraser.begin(owner)
        self._let_go(owner)
        for delivery in self.deliveries:
            with suppress(BackendDown):
                await delivery.drain()
        receipt = await self.eraser.finish(owner, facts)
        await self._audit("memory.erased", owner, receipt=receipt.id, memories=receipt.memories)
        return receipt

    def _let_go(self, owner: Owner) -> None:
        """Nothing of an erased user stays in this process."""
        self.library.drop(owner)
        self.access.drop(owner)
        self.keyring.drop(owner)
        self.shadow.drop(owner)

    async def _audit(self, event: str, owner: Owner, **details: str | int) -> None:
        await asyncio.to_thread(partial(record, event, "memory", str(owner), sealed=None, **details))

    async def rotate_key(self, user: str) -> int:
        """Give a user a new data key and seal everything under it; returns how many memories were sealed anew."""
        owner = self.keyring.owner(user)
        done = await self.rotation.rotate(owner)
        await self._audit("memory.key-rotated", owner, memories=done)
        self._deliver()
        return done

    async def rotate_kek(self) -> int:
        """Take a new key-encryption key, where the provider can make one, and wrap every data key under the current
        one, while readers and writers go on; returns how many were wrapped anew."""
        provider = self.keyring.provider
        if (rotate := getattr(provider, "rotate", None)) is not None:
            await asyncio.to_thread(rotate)
        done = await self.keyring.rewrap()
        await asyncio.to_thread(partial(record, "memory.kek-rotated", "memory", provider.current, keys=done))
        return done

    def _deliver(self) -> None:
        for delivery in self.deliveries:
            delivery.wake.set()
