"""The reading of one source: its account, and what becomes of a record that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cleo_model.corpus.account import Account, shown
from cleo_model.corpus.sources.source import Source
from cleo_model.errors import SourceError

EARLY = 200
"""After so many records it is clear whether a source is what it is said to be, and not worth reading to its end."""
TOO_LARGE = "larger than the limit (CLEO_MODEL_MAX_RECORD_BYTES)"
EMPTY = "no text in it"
ERASED = "of people who were erased"


@dataclass(slots=True)
class Reading:
    """One source being read."""

    source: Source
    limit: int
    """Bytes of a record."""
    account: Account = field(init=False)
    errors: int = 0
    first: SourceError | None = None
    stopped: bool = False
    """Whether an error ends the reading, and not only the record or file that it is about."""

    def __post_init__(self) -> None:
        self.account = Account(name=self.source.name)

    def allows(self, where: str, size: int) -> bool:
        """Whether a record is small enough; one that is not is dropped by name."""
        if size > self.limit:
            self.account.drop(TOO_LARGE, f"{self._short(where)}: {size:,} bytes")
        return size <= self.limit

    def refuse(self, reason: str, where: str, error: SourceError) -> None:
        """A record cannot be used: it stops the reading, or is dropped and counted.

        Raises:
            SourceError: the source wants to stop, or too many of its records are unusable.
        """
        if self.source.on_error == "stop":
            self.stopped = True
            raise error
        self.errors += 1
        self.first = self.first or error
        self.account.drop(reason, self._short(where))
        if self.account.records >= EARLY:
            self._hold()

    def change(self, what: str, where: str, error: SourceError | None = None) -> None:
        """A record is taken otherwise than it came.

        Raises:
            SourceError: `error`, where the source wants to stop at what is not as it should be.
        """
        if error is not None and self.source.on_error == "stop":
            self.stopped = True
            raise error
        self.account.change(what, self._short(where))

    def drop(self, reason: str, where: str) -> None:
        """A record holds nothing to learn from, which is no fault of its."""
        self.account.drop(reason, self._short(where))

    def take_back(self, reason: str, example: str) -> None:
        """A record that was read does not go on after all."""
        self.account.kept -= 1
        self.account.drop(reason, example)

    def _short(self, where: str) -> str:
        """A place within the source, without the way to it."""
        root = Path(self.source.location)
        return where.removeprefix(f"{shown(str(root))}/").removeprefix(f"{shown(str(root.parent))}/")

    def close(self) -> None:
        """All was read.

        Raises:
            SourceError: too many records are unusable.
        """
        self._hold()

    def _hold(self) -> None:
        share = self.source.max_skipped
        if self.first is None or self.errors <= share * self.account.records:
            return
        more = (
            f" {self.errors:,} of {self.account.records:,} records of source {self.source.name!r} cannot be used; "
            f"{share:.0%} are allowed (max_skipped)."
        )
        more = more if self.account.records > 1 else ""
        self.stopped = True
        raise type(self.first)(f"{self.first.message}{more}", hint=self.first.hint)
