"""The corpora on this machine, and which of them a new one is compared with: the champion's, else the last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cleo_core.clock import timestamp
from cleo_core.errors import CleoError, InputError
from cleo_core.settings import home
from cleo_core.stage.execution import CONTENT, RECORD

STAGE = "masked_corpus"
LINEAGE, CARD = "lineage.json", "data_card.md"
SHOWN = 12
"""Digits of a digest that name a version."""


@dataclass(frozen=True, slots=True)
class CorpusVersion:
    """A masked corpus on this machine."""

    number: int
    """Counted from the oldest that is still there."""
    digest: str
    made_at: str
    folder: Path
    records: int
    sources: dict[str, int]
    """Records by source."""
    pii: dict[str, int]
    """Places replaced by type."""
    raw: str = ""
    """Digest of the raw corpus that it was made from."""

    @property
    def name(self) -> str:
        return self.digest[:SHOWN]


def versions() -> list[CorpusVersion]:
    """Every masked corpus below CLEO_HOME, the oldest first."""
    files = sorted(home("data", STAGE).glob(f"*/{RECORD}"), key=lambda file: (file.stat().st_mtime_ns, file.as_posix()))
    return [_version(number, file) for number, file in enumerate(files, 1)]


def _version(number: int, file: Path) -> CorpusVersion:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        summary = told["summary"]
        return CorpusVersion(
            number=number,
            digest=str(told["digest"]),
            made_at=timestamp(datetime.fromtimestamp(file.stat().st_mtime, UTC)),
            folder=file.parent / CONTENT,
            records=int(summary["records"]),
            sources={name: each["train"] + each["heldout"] for name, each in summary["sources"].items()},
            pii=dict(summary["pii"]["replaced"]),
            raw=str(told["inputs"].get("inputs", {}).get("raw_corpus", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"The record of a corpus, {file}, cannot be read ({type(error).__name__}).",
            hint="Remove that folder; the corpus is made again when it is needed.",
        ) from None


def find(name: str) -> CorpusVersion:
    """The version of this number, or whose digest begins so; `latest` and `approved` are names as well.

    Raises:
        InputError: there is none, or several.
    """
    known = versions()
    if name == "latest" and known:
        return known[-1]
    wanted = approved() if name == "approved" else name
    found = [each for each in known if wanted and (str(each.number) == wanted or each.digest.startswith(wanted))]
    if len(found) != 1:
        raise InputError(
            f"There is no corpus {name!r} on this machine." if not found else f"{name!r} names {len(found)} corpora.",
            hint="See cleo corpus list; there is none before cleo run --job refresh_corpus.",
        )
    return found[0]


def approved() -> str | None:
    """Digest of the corpus that the champion was trained on, out of its signed bundle; None where there is none.

    A champion whose bundle cannot be read counts as none: that is for `cleo verify` to tell.
    """
    from cleo_core import registry
    from cleo_core.registry.pull import inspected

    try:
        with inspected(registry.resolve("champion"), only=(LINEAGE,)) as (bundle, _):
            lineage = json.loads((bundle / LINEAGE).read_text(encoding="utf-8"))
            return str(lineage["stages"][STAGE]["digest"])
    except (CleoError, OSError, ValueError, KeyError, TypeError):
        return None


def card_of(version: CorpusVersion) -> str:
    """The data card that the stage `corpus_version` wrote about a version.

    Raises:
        InputError: it wrote none.
    """
    for file in sorted(home("data", "corpus_version").glob(f"*/{RECORD}"), key=lambda each: -each.stat().st_mtime_ns):
        told = json.loads(file.read_text(encoding="utf-8"))
        if told["inputs"].get("inputs", {}).get(STAGE) == version.digest:
            return (file.parent / CONTENT / CARD).read_text(encoding="utf-8")
    raise InputError(
        f"Corpus {version.name} has no data card: the run that made it ended before.",
        hint="Run cleo run --job refresh_corpus; what is finished is not done again.",
    )


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a corpus is compared with."""

    version: CorpusVersion
    approved: bool


def baseline(digest: str) -> Baseline | None:
    """What the corpus with this digest is compared with; None where it is the first, or is the approved one itself."""
    known = versions()
    if (wanted := approved()) and wanted != digest:
        for each in known:
            if each.digest == wanted:
                return Baseline(each, approved=True)
    before = list(_before(known, digest))
    return Baseline(before[-1], approved=False) if before else None


def _before(known: list[CorpusVersion], digest: str) -> Iterator[CorpusVersion]:
    """The versions that are older than this one."""
    for each in known:
        if each.digest == digest:
            return
        yield each
