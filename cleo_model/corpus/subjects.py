"""Whose records a corpus holds: keyed hashes while it is read, and the side file that a later trace looks into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from pydantic import SecretBytes, field_serializer

from cleo_core.stage.declaration import StageSettings
from cleo_core.subject.identity import Pseudonyms
from cleo_model.errors import SourceError


class Named(Protocol):
    """A source, as far as it concerns subjects."""

    @property
    def name(self) -> str: ...
    @property
    def subject(self) -> str: ...


class SubjectSettings(StageSettings):
    """What tells whose a record is."""

    key: SecretBytes

    @field_serializer("key")
    def _id(self, key: SecretBytes) -> str:
        # The fingerprint tells keys apart without holding one.
        return Pseudonyms(key.get_secret_value()).key_id


def subject_settings(sources: Iterable[Named]) -> SubjectSettings | None:
    """The settings for these sources; None where none of them names its subject field, so that no key is asked for.

    Raises:
        KeyMissing: there is no subject key, outside development.
    """
    from cleo_core.crypto.keys import subject_key

    if not any(source.subject for source in sources):
        return None
    return SubjectSettings(key=SecretBytes(subject_key()))


class Subjects:
    """Tells whose records are read, and counts those that do not say."""

    def __init__(self, settings: SubjectSettings | None) -> None:
        self._pseudonym = Pseudonyms(settings.key.get_secret_value()) if settings else None
        self.silent: Counter[str] = Counter()
        """By source: items without a subject, where the source names the field."""
        self._named: set[str] = set()

    def of(self, source: Named, subject: str) -> str:
        """The keyed hash of a record's subject; empty where there is none."""
        if not source.subject:
            return ""
        if self._pseudonym is None:
            raise AssertionError("subject_settings was not asked for the sources that are read")
        if found := self._pseudonym(subject):
            self._named.add(source.name)
        else:
            self.silent[source.name] += 1
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
        return [f"{count} records of source {name!r} do not say whose they are." for name, count in self.silent.items()]
