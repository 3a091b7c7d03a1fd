"""Where the key-encryption key (KEK) lives. A provider wraps and unwraps data keys; the KEK never leaves it."""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cleo_core.errors import ConfigError
from cleo_core.files import sync_folder, write_atomic
from cleo_memory.errors import KeyUnavailable


class KeyProvider(Protocol):
    """Wraps data keys under the current KEK; opens what any KEK it still holds has wrapped."""

    @property
    def current(self) -> str:
        """Name of the KEK that wraps from now on."""
        ...

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """Return the KEK's name and the wrapped key, bound to the context."""
        ...

    def unwrap(self, kek: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises: KeyUnavailable when this KEK is gone or did not wrap that for this context."""
        ...


class LocalKeys:
    """KEKs that are in this process: 32 bytes each, by name."""

    def __init__(self, keys: dict[str, bytes], current: str) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._current = current

    @property
    def current(self) -> str:
        return self._current

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        nonce = os.urandom(12)
        return self._current, nonce + self._ciphers[self._current].encrypt(nonce, key, context)

    def unwrap(self, kek: str, wrapped: bytes, context: bytes) -> bytes:
        cipher = self._ciphers.get(kek)
        if cipher is None:
            raise KeyUnavailable(
                f"The key-encryption key {kek!r} is not there.", hint="Put it back: what it wrapped cannot be read."
            )
        try:
            return cipher.decrypt(wrapped[:12], wrapped[12:], context)
        except InvalidTag:
            raise KeyUnavailable(f"A data key does not open under {kek!r}: it was changed or moved.") from None


class FileKeys(LocalKeys):
    """One file per KEK in a folder, mode 0600; the highest number is the current one. Makes the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._files():
            self._create(1)
        self._load()

    def _files(self) -> dict[int, Path]:
        found = {}
        for path in self.folder.glob("memory-kek-*.key"):
            if match := re.fullmatch(r"memory-kek-(\d{1,9})\.key", path.name):
                found[int(match[1])] = path
        return found

    def _create(self, number: int) -> None:
        # Written beside its path and linked there: another process that starts now sees a whole key or none.
        draft = self.folder / f".kek-{os.getpid()}-{os.urandom(4).hex()}"
        write_atomic(draft, base64.b64encode(os.urandom(32)) + b"\n")
        try:
            os.link(draft, self.folder / f"memory-kek-{number}.key")
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        sync_folder(self.folder)

    def _load(self) -> None:
        keys = {}
        for number, path in self._files().items():
            if path.stat().st_mode & 0o077:
                raise ConfigError(f"{path} can be read by others.", hint=f"chmod 600 {path}")
            keys[str(number)] = _decode(path.read_text().strip(), str(path))
        super().__init__(keys, str(max(map(int, keys))))

    def _follow(self) -> None:
        """Take up what another process has rotated to meanwhile."""
        if any(str(number) not in self._ciphers for number in self._files()):
            self._load()

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        self._follow()
        return super().wrap(key, context)

    def unwrap(self, kek: str, wrapped: bytes, context: bytes) -> bytes:
        if kek not in self._ciphers:
            self._follow()
        return super().unwrap(kek, wrapped, context)

    def rotate(self) -> str:
        """Make a new current KEK and return its name. The older ones stay until every data key is rewrapped."""
        self._create(int(self._current) + 1)
        self._load()
        return self._current


class EnvironmentKeys(LocalKeys):
    """``name:base64,name:base64`` from a variable; the first is the current one."""

    def __init__(self, value: str) -> None:
        keys: dict[str, bytes] = {}
        for pair in value.split(","):
            name, _, encoded = pair.strip().partition(":")
            if not name or not encoded:
                raise ConfigError("CLEO_MEMORY_KEK is not a list of name:base64 pairs.", hint=HINT)
            keys[name] = _decode(encoded, f"CLEO_MEMORY_KEK ({name})")
        super().__init__(keys, next(iter(keys)))


HINT = "Make one: python -c 'import base64,os;print(\"k1:\"+base64.b64encode(os.urandom(32)).decode())'"


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ConfigError(f"{where} does not hold 32 bytes in base64.", hint=HINT)
    return key
