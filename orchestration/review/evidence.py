"""What a decision is made on: the bundle's signature, card and verdict, read from files fetched for it alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cleo_core import registry
from cleo_core.provenance.approval import Approval, holding
from cleo_core.provenance.bundle import BundleSignature
from cleo_core.registry import VersionInfo
from cleo_core.registry.pull import inspected
from cleo_core.subject import marks
from cleo_core.subject.erasures import Erasure
from cleo_core.subject.index import BUNDLED, SubjectIndex


@dataclass(frozen=True, slots=True)
class Evidence:
    """A bundle whose signature holds, and what it says of itself."""

    signed: BundleSignature
    card: str
    passed: bool
    """Whether the evaluation's gate passed; a report that states no verdict did not."""
    erased: list[Erasure]
    """Erasures of people whom the model learned from."""


def fetch_evidence(info: VersionInfo) -> Evidence:
    """Fetch a version's bundle into a folder that goes at once, and verify its signature.

    Raises:
        TrustError, IntegrityError: the bundle is not what was signed.
    """
    with inspected(info) as (bundle, signed):
        report: dict[str, Any] = json.loads((bundle / "eval_report.json").read_text())
        card = (bundle / "card.md").read_text(errors="replace")
        erased = marks.erased(SubjectIndex.read(bundle / BUNDLED).learned, info.tags)
    verdict = report.get("verdict")
    return Evidence(signed, card, isinstance(verdict, dict) and verdict.get("passed") is True, erased)


def decisions_about(info: VersionInfo) -> list[Approval]:
    """Every decision about a version that holds, oldest first."""
    found = {
        record.id: record
        for record in holding(registry.approvals(info))
        if (record.name, record.version) == (info.name, info.version)
    }
    return sorted(found.values(), key=lambda record: record.issued_at)
