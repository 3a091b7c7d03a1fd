"""A user's rights, and the keys: export and restore, erasure with a receipt, rotation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from cleo_memory.lifecycle.erase import Receipt
from cleo_memory.lifecycle.export import Manifest
from cleo_memory.memory.parts import MemoryParts


class Rights(MemoryParts):
    async def export(self, user: str, path: Path) -> Manifest:
        """Write everything of a user to a file of JSON lines with a signed manifest beside it."""
        return await self.exporter.write(self.keyring.owner(user), user, path)

    def export_lines(self, user: str) -> AsyncIterator[str]:
        """The same lines, one by one, for a reply that is streamed."""
        return self.exporter.lines(self.keyring.owner(user))

    async def restore(self, user: str, path: Path) -> tuple[int, int]:
        """Take in an export of this user; returns (written, known already). What was forgotten stays forgotten."""
        return await self.exporter.read(self.keyring.owner(user), user, path)

    async def erase(self, user: str) -> Receipt:
        """Erase a user: keys destroyed, every row and copy gone. Returns a signed receipt; may be called again."""
        return await self.eraser.erase(self.keyring.owner(user))

    async def erased_at(self, user: str) -> float | None:
        """When the user was erased last, by whatever process, in seconds since the epoch; None if never."""
        return await self.catalog.of(self.keyring.owner(user)).read(lambda rows: rows.erasures.newest())

    async def rotate_key(self, user: str) -> int:
        """Give a user a new data key and seal everything under it; returns how many memories were sealed anew."""
        done = await self.rotation.rotate(self.keyring.owner(user))
        self._deliver()
        return done

    async def rotate_kek(self) -> int:
        """Take a new key-encryption key, where the provider can make one, and wrap every data key under the current
        one, while readers and writers go on; returns how many were wrapped anew."""
        return await self.rotation.rotate_kek()
