"""Whose records a corpus holds: keyed hashes while it is read, and the side file that a later trace looks into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from pydantic import SecretBytes, field_serializer

from cleo_core.errors import ConfigError
from cleo_core.stage.declaration import StageSettings
from cleo_core.subject.identity import Pseudonyms
from cleo_core.subject.index import SUBJECTS, SubjectIndex
from cleo_model.corpus.record import HELDOUT, TRAIN, read_records
from cleo_model.errors import SourceError


class Named(Protocol):
    """A source, as far as it concerns subjects."""

    @property
    def name(self) -> str: ...
    @property
    def subject(self) -> str: ...


class SubjectSettings(StageSettings):
    """What tells whose a record is, and who was erased: a stage runs anew when somebody is."""

    key: SecretBytes
    erased: tuple[str, ...] = ()
    """Keyed hashes of the people whose records are left out."""

    @field_serializer("key")
    def _id(self, key: SecretBytes) -> str:
        # The fingerprint tells keys apart without holding one.
        return Pseudonyms(key.get_secret_value()).key_id


def subject_settings(sources: Iterable[Named]) -> SubjectSettings | None:
    """The settings for these sources; None where none of them names its subject field, so that no key is asked for.

    Raises:
        KeyMissing: there is no subject key, outside development.
        ConfigError: people were erased under another key, so they would not be told again.
        StateDamaged: a kept erasure does not hold.
    """
    from cleo_core.crypto.keys import subject_key
    from cleo_core.subject import erasures

    if not any(source.subject for source in sources):
        return None
    key = subject_key()
    erased, ours = tuple(erasures.known()), Pseudonyms(key).key_id
    if foreign := [subject for subject in erased if not subject.startswith(f"{ours}-")]:
        raise ConfigError(
            f"{len(foreign)} people were erased under the subject key {foreign[0][:8]}, and this one is {ours}: they "
            "would be trained on again.",
            hint="Put the key back: CLEO_HOME/keys/secret/subject.key.",
        )
    return SubjectSettings(key=SecretBytes(key), erased=erased)


class Subjects:
    """Tells whose records are read, leaves out those of erased people, and counts."""

    def __init__(self, settings: SubjectSettings | None) -> None:
        self._pseudonym = Pseudonyms(settings.key.get_secret_value()) if settings else None
        self._erased = frozenset(settings.erased) if settings else frozenset()
        self._named: set[str] = set()
        self.silent: Counter[str] = Counter()
        """By source: items without a subject, where the source names the field."""
        self.left_out: Counter[str] = Counter()
        """By source: items of people who were erased."""

    def of(self, source: Named, subject: str) -> str | None:
        """The keyed hash of whose an item is, empty where it is nobody's; None: that person was erased."""
        if not source.subject:
            return ""
        if self._pseudonym is None:
            raise AssertionError("subject_settings was not asked for the sources that are read")
        if not (found := self._pseudonym(subject)):
            self.silent[source.name] += 1
            return ""
        self._named.add(source.name)
        if found in self._erased:
            self.left_out[source.name] += 1
            return None
        return found

    def check(self, source: Named) -> None:
        """Call it when a source was read.

        Raises:
            SourceError: not one record has the field: a misspelt one would let nobody be found again.
        """
        if self.silent[source.name] and source.name not in self._named:
            raise SourceError(
                f"No record of source {source.name!r} has the subject field {source.subject!r}.",
                hint="Correct `subject` of the source: by it a person is found again.",
            )

    def notes(self) -> list[str]:
        """What the account of a source does not say."""
        return [f"Source {name!r}: {n:,} records do not say whose they are." for name, n in self.silent.items()]


def write_subjects(out: Path) -> None:
    """List, beside the train and held-out records in a folder, how many of them are whose."""
    parts = ((name.removesuffix(".jsonl"), name) for name in (TRAIN, HELDOUT))
    pairs = ((part, record.subject) for part, name in parts for record in read_records(out / name))
    SubjectIndex.counted(pairs).write(out / SUBJECTS)
