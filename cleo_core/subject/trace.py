"""From a person to all that learned from that person: corpora, what was made of them, versions, and when they served.

What a version learned from is read out of its signed bundle; of a corpus, only records that models are trained on
count as learned from. Whether the tokens that a recipe asks for reached each of them is not known: all are assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from cleo_core import registry
from cleo_core.audit.log import open_log
from cleo_core.errors import CleoError, IntegrityError
from cleo_core.model_folder import WORK
from cleo_core.registry import VersionInfo
from cleo_core.registry.mlflow import model_name
from cleo_core.registry.pull import inspected
from cleo_core.settings import home
from cleo_core.subject import erasures
from cleo_core.subject.erasures import Erasure
from cleo_core.subject.index import BUNDLED, SubjectIndex
from cleo_core.subject.stages import Recorded, gone_into, made_from, recorded

RELEASES = ("model.released", "review.rollback")
"""Events of the audit log by which a version becomes champion."""


class Made(BaseModel):
    """The result of a stage on this machine."""

    stage: str
    digest: str
    made_at: str
    path: str


class Corpus(Made):
    """A corpus that holds records of the person."""

    records: dict[str, int]
    """By part: models learn from `train`, and are measured on `heldout`."""


class Version(BaseModel):
    """A registered version that learned from the person."""

    version: int
    bundle_digest: str
    records: int
    review: str
    aliases: list[str]


class Served(BaseModel):
    """A time during which a version that learned from the person was champion."""

    version: int
    since: str
    until: str | None
    """None: it still is."""


class Trace(BaseModel):
    """All that this machine and its registry know of one person."""

    subject: str
    """Keyed hash of the person's id."""
    corpora: list[Corpus] = []
    unmasked: list[Made] = []
    """What the corpora were made from: the text before masking."""
    made: list[Made] = []
    """What was made from the corpora: packed tokens, trained weights, bundles."""
    versions: list[Version] = []
    served: list[Served] = []
    erased: Erasure | None = None
    unread: list[str] = []
    """Corpora and versions that could not be looked into, and why."""

    @property
    def found(self) -> bool:
        return bool(self.corpora or self.versions)

    @property
    def records(self) -> int:
        return sum(sum(corpus.records.values()) for corpus in self.corpora)


def trace(subject: str, folders: Sequence[Path] = ()) -> Trace:
    """All that learned from the person with this keyed hash.

    Args:
        folders: output folders of `cleo train`, to be looked into as well.

    Raises:
        StateDamaged: a kept erasure does not hold.
    """
    unread: list[str] = []
    stages = list(recorded([home("data"), *(folder / WORK for folder in folders)], unread))
    corpora = list(_corpora(stages, subject, unread))
    digests = {corpus.digest for corpus in corpora}
    learned = {corpus.digest for corpus in corpora if corpus.records.get("train")}
    versions = list(_versions(subject, unread))
    receipt = erasures.known().get(subject)
    return Trace(
        subject=subject,
        corpora=corpora,
        unmasked=[_made(stage) for stage in gone_into(stages, digests)],
        made=[_made(stage) for stage in made_from(stages, learned)],
        versions=versions,
        served=list(_served({version.version for version in versions})),
        erased=receipt.erasure if receipt else None,
        unread=unread,
    )


def _corpora(stages: Iterable[Recorded], subject: str, unread: list[str]) -> Iterator[Corpus]:
    for stage in stages:
        try:
            records = stage.subjects().subjects.get(subject)
        except IntegrityError as error:
            unread.append(error.message)
            continue
        if records:
            yield Corpus(**_made(stage).model_dump(), records=records)


def _made(stage: Recorded) -> Made:
    return Made(stage=stage.name, digest=stage.digest, made_at=stage.made_at, path=str(stage.path))


def _versions(subject: str, unread: list[str]) -> Iterator[Version]:
    for info in registry.list_versions():
        try:
            records = _learned(info).get(subject, {}).get("train", 0)
        except CleoError as error:
            unread.append(f"version {info.version}: {error.message}")
            continue
        if records:
            yield Version(
                version=info.version, bundle_digest=info.bundle_digest, records=records, review=info.review,
                aliases=list(info.aliases),
            )  # fmt: skip


def _learned(info: VersionInfo) -> dict[str, dict[str, int]]:
    with inspected(info, only=(BUNDLED,)) as (bundle, _):
        return SubjectIndex.read(bundle / BUNDLED).subjects


def _served(versions: set[int]) -> Iterator[Served]:
    """When these versions were champion, by the releases in the audit log of this machine."""
    named = f"{model_name()}/"
    releases = [
        (int(record["subject"].removeprefix(named)), str(record["at"]))
        for record in open_log().events(*RELEASES)
        if record["subject"].startswith(named)
    ]
    ends: list[str | None] = [at for _, at in releases[1:]]
    for (version, since), until in zip(releases, [*ends, None], strict=False):
        if version in versions:
            yield Served(version=version, since=since, until=until)
