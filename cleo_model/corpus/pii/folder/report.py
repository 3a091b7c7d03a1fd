"""The report on a masked folder, for people and for programs."""

from __future__ import annotations

from pydantic import BaseModel

from cleo_core.markdown import table
from cleo_model.corpus.account import Account, account_markdown
from cleo_model.corpus.pii.entities import MaskingProfile, Replace
from cleo_model.corpus.pii.missed.account import MissedPii, missed_table, second_table

MARKDOWN, JSON = "masking-report.md", "masking-report.json"
WORDS: dict[Replace, str] = {
    "surrogate": "Each value was replaced by an invented one of the same kind, the same one each time.",
    "placeholder": "Each value was replaced by its type and a number, counted in each record.",
    "drop": "Records that held personal data were left out.",
}


class FolderReport(BaseModel):
    """What was done to a folder."""

    version: int = 1
    masking: MaskingProfile
    language: str
    replace: Replace
    account: Account
    files: dict[str, str]
    """Name of each file that was written, by that of the file it was made from."""
    replaced: dict[str, int]
    """Places by type."""
    distinct: dict[str, int]
    """Values by type."""
    missed: MissedPii


def markdown(report: FolderReport) -> str:
    """The report as a page."""
    kinds = sorted({*report.replaced, *report.distinct})
    rows = ([kind, report.replaced.get(kind, 0), report.distinct.get(kind, 0)] for kind in kinds)
    renamed = [[f"`{old}`", f"`{new}`"] for old, new in report.files.items() if old != new]
    parts = [
        "# Masking report",
        f"Profile {report.masking}, language {report.language}. {WORDS[report.replace]} Names of files were left.",
        "## What was read",
        account_markdown([report.account]),
        *(["Written in another form:", table(["file", "written as"], renamed, "ll")] if renamed else []),
        "## What was found and replaced",
        table(["type", "places", "different values"], rows, "lrr"),
        "## What was missed, estimated",
        "Invented values were planted into a copy of a sample of the text and masked with it. A value was missed when "
        "any letter or digit of it was left.",
        missed_table(dict.fromkeys(report.missed.planted, report.replaced), report.missed),
        "## What a second detector found after masking",
        second_table(report.missed),
    ]
    return "\n\n".join(parts) + "\n"
