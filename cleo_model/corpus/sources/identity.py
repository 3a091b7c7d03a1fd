"""Ids of records: by what they say, under a key, so that they stay when records come before them and tell nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from pydantic import SecretBytes, field_serializer

from cleo_core.digest import digest_json
from cleo_core.stage.declaration import StageSettings
from cleo_model.corpus.record import Record


class IdSettings(StageSettings):
    """What ids are made with."""

    key: SecretBytes = SecretBytes(b"")
    """Without a key an id is a plain hash of words that masking has not seen, by which a guess could be confirmed."""

    @field_serializer("key")
    def _digest(self, key: SecretBytes) -> str:
        # The fingerprint tells keys apart without holding one.
        return digest_json({"id key": key.get_secret_value().hex()})


class Ids:
    """Gives each record its id; two records that say the same have two, in their order."""

    def __init__(self, settings: IdSettings) -> None:
        self._key = hashlib.sha256(b"record ids" + settings.key.get_secret_value()).digest()
        self._taken: set[int] = set()

    def __call__(self, record: Record) -> Record:
        number = 0
        while (found := self._hash(record, number)) in self._taken:
            number += 1
        self._taken.add(found)
        return replace(record, id=f"{record.source}/{found:016x}")

    def _hash(self, record: Record, number: int) -> int:
        words = f"{number} {record.source} {record.text}".encode()
        return int.from_bytes(hashlib.blake2b(words, key=self._key, digest_size=8).digest(), "big")
