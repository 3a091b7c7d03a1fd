"""How many records of each person a corpus holds: a side file of the corpus, and of every bundle made from it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from cleo_core.errors import IntegrityError
from cleo_core.files import write_atomic

SUBJECTS = "subjects.json"
BUNDLED = "corpus_subjects.json"
"""Its name in a bundle."""


class SubjectIndex(BaseModel):
    """Keyed hashes of people, and how many records of theirs each part of the corpus holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    subjects: dict[str, dict[str, int]] = {}
    """By keyed hash, then by part (train, heldout)."""

    @property
    def learned(self) -> set[str]:
        """Whose records are in the part that a model is trained on."""
        return {subject for subject, parts in self.subjects.items() if parts.get("train")}

    @classmethod
    def counted(cls, records: Iterable[tuple[str, str]]) -> SubjectIndex:
        """The index of records, each given by its part and its subject; those without a subject do not count."""
        found: dict[str, dict[str, int]] = {}
        for part, subject in records:
            if subject:
                parts = found.setdefault(subject, {})
                parts[part] = parts.get(part, 0) + 1
        return cls(subjects=dict(sorted(found.items())))

    def write(self, path: Path) -> None:
        """Write the side file, where there is anybody to write of."""
        if self.subjects:
            write_atomic(path, self.model_dump_json() + "\n")

    @classmethod
    def read(cls, path: Path) -> SubjectIndex:
        """The side file; empty where there is none.

        Raises:
            IntegrityError: it is something else.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except ValidationError:
            raise IntegrityError(
                f"{path.name} does not list subjects.", hint="Run the stage again that made it."
            ) from None
