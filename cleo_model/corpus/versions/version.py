"""The stage that looks at a new version of the corpus: its profile, the difference and the drift, and the data card."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from cleo_core.files import write_atomic, write_json
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import StageSettings, Summary
from cleo_model.corpus.account import account_markdown
from cleo_model.corpus.curate.curate import CurationSummary
from cleo_model.corpus.versions.baseline import CARD, Baseline
from cleo_model.corpus.versions.difference import Difference, difference, difference_table
from cleo_model.corpus.versions.drift import Limits, Measure, drift, drift_table
from cleo_model.corpus.versions.profile import profile_of

PROFILE = "profile.json"


class Against(BaseModel):
    """The version that a corpus is compared with."""

    digest: str
    approved: bool
    pii: dict[str, int]
    folder: Path = Field(exclude=True)


class VersionSettings(StageSettings):
    """What a version is compared with, and what drift does."""

    against: Against | None
    limits: Limits
    environment: str
    """development, staging or production."""

    @classmethod
    def of(cls, found: Baseline | None, limits: Limits, environment: str) -> VersionSettings:
        known = found and Against(
            digest=found.version.digest, approved=found.approved, pii=found.version.pii, folder=found.version.folder
        )
        return cls(against=known, limits=limits, environment=environment)

    @property
    def action(self) -> Literal["warn", "block", "off"]:
        """What drift over its second limit does."""
        if self.limits.action == "auto":
            return "warn" if self.environment == "development" else "block"
        return self.limits.action


class VersionSummary(Summary):
    """A version of the corpus, compared with the one before it."""

    digest: str
    against: str
    """Which version it was compared with; empty for the first."""
    approved: bool
    difference: Difference | None = None
    drift: list[Measure] = Field(default_factory=list)
    action: str
    sentence: str


def look_at(
    raw: Path, masked: Path, digest: str, pii: dict[str, int], curation: CurationSummary,
    settings: VersionSettings, out: Path, report: Reporter,
) -> VersionSummary:  # fmt: skip
    """Write profile.json and data_card.md; compare with the version of the settings.

    Args:
        digest: of the masked corpus.
        pii: places replaced by type.
        curation: what was kept and dropped before.
    """
    report("measuring the corpus")
    profile = profile_of(masked, pii)
    write_json(out / PROFILE, profile.model_dump(mode="json"))
    against = settings.against
    found: Difference | None = None
    measures: list[Measure] = []
    sentence = "This is the first version of the corpus: there is nothing to compare it with."
    if against is not None:
        of = f"{'the approved' if against.approved else 'the last'} version {against.digest[:12]}"
        before = profile_of(against.folder, against.pii)
        if set(before.sources).isdisjoint(profile.sources):
            sentence = f"It has no source in common with {of}: another corpus, not compared."
        else:
            found = difference(against.folder, masked)
            measures = drift(before, profile, settings.limits)
            sentence = f"Against {of}: {found.sentence()}."
    report(sentence)
    over = [each for each in measures if each.state in ("warns", "blocks")]
    tables = {"Since the last version": "\n\n".join([sentence, *([difference_table(found)] if found else [])])}
    if measures:
        tables["Drift"] = drift_table(measures)
    write_atomic(out / CARD, _card(raw, masked, curation, tables))
    return VersionSummary(
        digest=digest,
        against=against.digest if against and found else "",
        approved=bool(against and against.approved and found),
        difference=found,
        drift=measures,
        action=settings.action,
        sentence=sentence,
        notes=[sentence, *(f"Drift of {each.name}: {each.value:.3f}, {each.most}." for each in over)],
        markdown=tables,
    )


def _card(raw: Path, masked: Path, curation: CurationSummary, tables: dict[str, str]) -> str:
    """The data card: what went in, what was dropped and why, and what is new."""
    known = next((folder / CARD for folder in (masked, raw) if (folder / CARD).is_file()), None)
    parts = [known.read_text(encoding="utf-8").rstrip() if known else "# Data card"]
    parts += ["## What curation kept", account_markdown(curation.accounts)]
    if curation.clusters:
        parts.append(curation.markdown["Near-duplicate clusters"])
    if curation.quality:
        scores = ", ".join(f"{domain} {score:.2f}" for domain, score in sorted(curation.quality.items()))
        parts.append(f"Mean quality score of what is kept, from 0 to 1 (docs/curation.md): {scores}.")
    if curation.evaluation:
        parts.append(f"{curation.evaluation:,} texts of the evaluation were found in it; their records were dropped.")
    parts += [part for title, text in tables.items() for part in (f"## {title}", text)]
    return "\n\n".join(parts) + "\n"


def judge(summary: VersionSummary) -> tuple[bool, str]:
    """Whether the drift may pass, and a sentence about it."""
    over = [each for each in summary.drift if each.state == "blocks"]
    if summary.action == "off" or not over:
        near = [each for each in summary.drift if each.state in ("warns", "blocks")]
        told = "; ".join(f"{each.name} {each.value:.3f} ({each.most})" for each in near)
        return True, f"{summary.sentence}{f' It drifts in {told}.' if told else ''}"
    told = "; ".join(f"{each.name} {each.value:.3f}, {each.blocks:g} is allowed ({each.most})" for each in over)
    blocked = summary.action == "block"
    mend = (
        ' Look: cleo corpus diff. Where it is wanted, set CLEO_MODEL_DRIFT=\'{"action": "warn"}\' for this run.'
        if blocked
        else ""
    )
    return not blocked, f"{summary.sentence} It drifts far in {told}.{mend}"
