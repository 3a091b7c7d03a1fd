"""Files that only their owner may read: written whole or not at all, and refused when others could have read them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from cleo_core.crypto.errors import KeyExists, KeyInsecure, KeyMissing

LIMIT = 1 << 20


def read_private(path: Path, what: str = "key", *, public: bool = False) -> bytes:
    """The bytes of a file that is its owner's alone, checked and read through one handle.

    Args:
        public: others may read it, as a public key; only writing is its owner's alone.

    Raises:
        KeyMissing: there is no such file.
        KeyInsecure: it is a link or no regular file, or others can do more with it than they may.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyMissing(f"The {what} file {path} is not there.", hint="`cleo keys list` shows what is.") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise KeyInsecure(f"The {what} file {path} is a link.", hint="Put the file itself there.") from None
        raise KeyMissing(f"The {what} file {path} cannot be read: {error.strerror}.") from None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise KeyInsecure(f"{path} is not a regular file.")
        mode = stat.S_IMODE(facts.st_mode)
        if public and mode & 0o022:
            raise KeyInsecure(f"Others than its owner can write {path} (mode {mode:04o}).", hint=f"chmod go-w {path}")
        if not public and mode & 0o077:
            raise KeyInsecure(f"Others than its owner can reach {path} (mode {mode:04o}).", hint=f"chmod 600 {path}")
        if facts.st_uid not in (os.geteuid(), 0):
            raise KeyInsecure(f"{path} belongs to user {facts.st_uid}.", hint=f"chown {os.geteuid()} {path}")
        if facts.st_size > LIMIT:
            raise KeyInsecure(f"{path} has {facts.st_size} bytes, which no {what} has.")
        with os.fdopen(os.dup(handle), "rb") as stream:
            return stream.read(LIMIT)
    finally:
        os.close(handle)


def write_private(path: Path, data: bytes) -> None:
    """Create a file of mode 0600 that was not there before.

    Raises:
        KeyExists: there is one already.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyExists(f"{path} is there already.", hint="`cleo keys rotate` replaces a key.") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
