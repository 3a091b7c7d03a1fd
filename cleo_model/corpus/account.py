"""The account of a stage: what came in, what was kept, and what was left out for which reason, with the first by name.

One form for every stage and every reader of it: lines for a terminal, a table for Dagster and the data card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from cleo_core.markdown import table
from cleo_core.terminal import printable

EXAMPLES = 5
"""So many are named for each reason."""
LONGEST = 200
"""Characters of a name as it is shown."""


def shown(name: str) -> str:
    """A name or detail that others wrote, as it may stand in a line: one line, no control characters, not too long."""
    safe = printable(name, lines=False)
    return safe if len(safe) <= LONGEST else f"{safe[: LONGEST - 1]}…"


class Reason(BaseModel):
    """How many there are of one kind, and the first of them."""

    count: int = 0
    examples: list[str] = []

    def add(self, example: str) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(shown(example))


class Account(BaseModel):
    """What became of all that came in: of one source where it is read, of one domain where it is judged."""

    name: str
    files_seen: int = 0
    files_read: int = 0
    files_skipped: dict[str, Reason] = {}
    """By suffix and reason, as in `.png: no text`."""
    kept: int = 0
    """Records that went on."""
    dropped: dict[str, Reason] = {}
    """Records that did not, by reason."""
    changed: dict[str, Reason] = {}
    """Records that went on otherwise than they came, by what was done."""

    @property
    def records(self) -> int:
        """Records that came in."""
        return self.kept + self.lost

    @property
    def lost(self) -> int:
        return sum(reason.count for reason in self.dropped.values())

    def skip_file(self, kind: str, why: str, name: str) -> None:
        """A file was seen and not read; `kind` is its suffix, or what it is."""
        self.files_skipped.setdefault(f"{shown(kind)}: {why}", Reason()).add(name)

    def drop(self, reason: str, example: str) -> None:
        """A record was left out."""
        self.dropped.setdefault(reason, Reason()).add(example)

    def change(self, what: str, example: str) -> None:
        """A record was taken with a change."""
        self.changed.setdefault(what, Reason()).add(example)

    def lines(self) -> Iterator[str]:
        """The account as short lines; the first says the totals."""
        if self.files_seen:
            skipped = sum(reason.count for reason in self.files_skipped.values())
            yield f"{self.name}: {self.files_seen:,} files seen, {self.files_read:,} read, {skipped:,} skipped"
        yield f"{self.name}: {self.records:,} records in, {self.kept:,} kept, {self.lost:,} dropped"
        for what, reasons in (
            ("files skipped", self.files_skipped),
            ("dropped", self.dropped),
            ("changed", self.changed),
        ):
            for reason, found in _by_count(reasons):
                more = ", …" if found.count > len(found.examples) else ""
                yield f"  {what}: {reason}: {found.count:,} ({', '.join(found.examples)}{more})"


def account_markdown(accounts: Iterable[Account]) -> str:
    """Two tables: the totals of each account, and every reason with its first examples."""
    listed = list(accounts)
    totals = [
        [each.name, each.files_seen or "", each.files_read or "", each.records, each.kept, each.lost] for each in listed
    ]
    parts = [table(["of", "files seen", "read", "records in", "kept", "dropped"], totals, "lrrrrr")]
    rows = [
        [each.name, what, reason, found.count, ", ".join(map(_code, found.examples))]
        for each in listed
        for what, reasons in (
            ("file skipped", each.files_skipped),
            ("record dropped", each.dropped),
            ("record changed", each.changed),
        )
        for reason, found in _by_count(reasons)
    ]
    if rows:
        parts.append(table(["of", "what", "why", "how many", "the first"], rows, "lllrl"))
    return "\n\n".join(parts)


def _by_count(reasons: dict[str, Reason]) -> list[tuple[str, Reason]]:
    return sorted(reasons.items(), key=lambda pair: (-pair[1].count, pair[0]))


def _code(name: str) -> str:
    """A name as code: nothing in it is Markdown or HTML."""
    return "`" + name.replace("`", "'") + "`"
