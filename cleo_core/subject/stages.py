"""The stages on this machine whose results hold something of a person, found by what each was made from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cleo_core.clock import timestamp
from cleo_core.digest import sha256_file
from cleo_core.errors import IntegrityError
from cleo_core.stage.execution import CONTENT, RECORD
from cleo_core.subject.index import SUBJECTS, SubjectIndex


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished stage, as its record tells it."""

    name: str
    digest: str
    path: Path
    made_at: str
    inputs: frozenset[str]
    """Digests of the results that it was made from."""
    index: str | None
    """sha256 of its list of subjects, where it has one."""

    def subjects(self) -> SubjectIndex:
        """Raises: IntegrityError: the list is not the one that the stage wrote."""
        if self.index is None:
            return SubjectIndex()
        file = self.path / SUBJECTS
        if not file.is_file() or sha256_file(file) != self.index:
            raise IntegrityError(f"{file} was changed after it was made.", hint="Run the stage again.")
        return SubjectIndex.read(file)


def recorded(roots: Iterable[Path], unread: list[str]) -> Iterator[Recorded]:
    """Every finished stage below folders of stages (``<root>/<stage>/<fingerprint>``); adds to `unread` those whose
    record says nothing.
    """
    for root in roots:
        for file in sorted(root.glob(f"*/*/{RECORD}")):
            try:
                told = json.loads(file.read_text())
                yield Recorded(
                    name=str(told["name"]),
                    digest=str(told["digest"]),
                    path=file.parent / CONTENT,
                    made_at=timestamp(datetime.fromtimestamp(file.stat().st_mtime, UTC)),
                    inputs=frozenset(map(str, told["inputs"].get("inputs", {}).values())),
                    index=told["files"].get(SUBJECTS),
                )
            except (OSError, ValueError, KeyError, AttributeError) as error:
                unread.append(f"the record of a stage, {file}, cannot be read ({type(error).__name__})")


def made_from(stages: Iterable[Recorded], digests: Iterable[str]) -> list[Recorded]:
    """The stages that were made from these results, directly or by way of others."""
    stages, reached = list(stages), set(digests)
    found: list[Recorded] = []
    while fresh := [stage for stage in stages if stage not in found and stage.inputs & reached]:
        found += fresh
        reached |= {stage.digest for stage in fresh}
    return found


def gone_into(stages: Iterable[Recorded], digests: Iterable[str]) -> list[Recorded]:
    """The stages that these results were made from, directly or by way of others."""
    stages, wanted = (
        list(stages),
        {digest for stage in stages if stage.digest in set(digests) for digest in stage.inputs},
    )
    found: list[Recorded] = []
    while fresh := [stage for stage in stages if stage not in found and stage.digest in wanted]:
        found += fresh
        wanted |= {digest for stage in fresh for digest in stage.inputs}
    return found
