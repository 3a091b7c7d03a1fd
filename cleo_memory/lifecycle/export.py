"""A user's memories as a file they can take along: JSON Lines, and a signed manifest beside it.

The file is plain text, by its purpose; it is written with mode 0600, whole or not at all.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cleo_core.clock import timestamp
from cleo_core.crypto.dsse import Envelope, sign
from cleo_core.digest import sha256_file
from cleo_core.errors import InputError
from cleo_core.files import atomic_stream, numbered_jsonl, write_json
from cleo_memory.catalog.repository import Catalog
from cleo_memory.draft import Draft
from cleo_memory.errors import BadArchive
from cleo_memory.lifecycle.signing import EXPORT, audit, read_signed, signing_key
from cleo_memory.records import Kind, Owner, Record
from cleo_memory.storage.payloads import PayloadStore

PAGE = 500
FORM = "cleo-memory/1"
NAMES = ("id", "kind", "content", "importance", "conversation", "speaker", "key", "pinned")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export holds; `envelope` is the signed form, which lies beside the file as ``FILE.manifest.json``."""

    form: str
    user: str
    records: int
    sha256: str
    exported_at: str
    envelope: Envelope


class Exporter:
    def __init__(self, catalog: Catalog, payloads: PayloadStore) -> None:
        self.catalog, self.payloads = catalog, payloads

    async def lines(self, owner: Owner) -> AsyncIterator[str]:
        """One JSON object per memory that is kept, superseded preferences among them, in the order of writing."""
        catalog, after, now = self.catalog.of(owner), 0, time.time()
        while entries := await catalog.read(lambda rows, after: rows.memories.oldest(PAGE, after, now), after):
            for record in (await self.payloads.open(owner, entries)).whole().records():
                yield json.dumps(_values(record), ensure_ascii=False, sort_keys=True)
            after = entries[-1].position

    async def write(self, owner: Owner, user: str, path: Path) -> Manifest:
        """Write file and manifest. Raises: BackendDown when a copy is out of reach: an export is whole or none."""
        key = await asyncio.to_thread(signing_key)
        digest, records = sha256(), 0
        # Line by line to the draft: an export may be larger than the memory of this machine.
        with atomic_stream(path) as stream:
            async for line in self.lines(owner):
                data = f"{line}\n".encode()
                digest.update(data)
                stream.write(data)
                records += 1
        facts: dict[str, Any] = {
            "form": FORM,
            "user": user,
            "records": records,
            "sha256": digest.hexdigest(),
            "exported_at": timestamp(),
        }
        envelope = sign(EXPORT, facts, key)
        await asyncio.to_thread(write_json, manifest_path(path), envelope)
        await audit("memory.exported", owner, records=records, sha256=facts["sha256"])
        return Manifest(**facts, envelope=envelope)

    async def read(self, owner: Owner, user: str, path: Path) -> tuple[int, int]:
        """Take in an export of the same user; returns (written, known already). May be called again.

        A memory that was forgotten here stays forgotten.

        Raises:
            BadArchive: the file is not the one that the manifest was signed for.
        """
        _check(path, user)
        written = known = 0
        try:
            given = await asyncio.to_thread(lambda: list(numbered_jsonl(path)))
        except InputError as error:
            raise BadArchive(error.message, hint="Export it again.") from None
        for number, values in given:
            try:
                id, draft = str(values["id"]), _draft(values)
                valid_to = values.get("valid_to")
            except (ValueError, KeyError, TypeError) as error:
                raise BadArchive(f"Line {number} of {path.name} is no memory: {error}.") from None
            if await self.catalog.of(owner).read(lambda rows, id: rows.memories.ever(id), id):
                known += 1
                continue
            ended = None if valid_to is None else datetime.fromisoformat(valid_to).timestamp()
            await self.payloads.write(owner, draft, id=id, valid_to=ended, superseding=False)
            written += 1
        await audit("memory.restored", owner, written=written, known=known)
        return written, known


def manifest_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest.json")


def _check(path: Path, user: str) -> None:
    try:
        facts = read_signed(EXPORT, json.loads(manifest_path(path).read_text()))
    except (OSError, ValueError):
        raise BadArchive(
            f"There is no manifest beside {path.name}.", hint=f"Put {manifest_path(path).name} beside it."
        ) from None
    if facts.get("form") != FORM:
        raise BadArchive(f"{path.name} is of the form {facts.get('form')!r}; this reads {FORM}.")
    if facts["user"] != user:
        raise BadArchive(f"{path.name} was exported for another user.")
    if sha256_file(path) != facts["sha256"]:
        raise BadArchive(f"{path.name} was changed since it was exported.")


def _values(record: Record) -> dict[str, Any]:
    values = {name: value for name in NAMES if (value := getattr(record, name)) is not None}
    for name in ("created_at", "valid_from", "valid_to", "expires_at"):
        if (at := getattr(record, name)) is not None:
            values[name] = at.isoformat()
    if record.provenance:
        values["provenance"] = dict(record.provenance)
    return values


def _draft(values: dict[str, Any]) -> Draft:
    given = {name: values[name] for name in (*NAMES[1:], "provenance") if name in values}
    given |= {"kind": Kind(values["kind"]), "at": datetime.fromisoformat(values["valid_from"])}
    if expires_at := values.get("expires_at"):
        given["expires_at"] = datetime.fromisoformat(expires_at)
    return Draft(**given)
