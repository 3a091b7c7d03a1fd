"""What a decision is made on: the bundle's signature, card and verdict, read from files fetched for it alone."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_core import registry
from cleo_core.provenance.approval import Approval, verify
from cleo_core.provenance.bundle import BundleSignature, verify_signature
from cleo_core.provenance.errors import ApprovalInvalid
from cleo_core.registry import VersionInfo
from cleo_core.settings import home

__all__ = ["Evidence", "decisions_about", "fetch_evidence"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A bundle whose signature holds, and what it says of itself."""

    signed: BundleSignature
    card: str
    passed: bool
    """Whether the evaluation's gate passed; a report that states no verdict did not."""


def fetch_evidence(info: VersionInfo) -> Evidence:
    """Fetch a version's bundle into a folder that goes at once, and verify its signature.

    Raises:
        TrustError, IntegrityError: the bundle is not what was signed.
    """
    with tempfile.TemporaryDirectory(dir=home("tmp")) as scratch:
        files = registry.download(info, Path(scratch) / "version")
        signed = verify_signature(files.bundle, files.signature)
        report: dict[str, Any] = json.loads((files.bundle / "eval_report.json").read_text())
        card = (files.bundle / "card.md").read_text(errors="replace")
    verdict = report.get("verdict")
    return Evidence(signed, card, isinstance(verdict, dict) and verdict.get("passed") is True)


def decisions_about(info: VersionInfo) -> list[Approval]:
    """Every decision about a version that holds, oldest first."""
    found: dict[str, Approval] = {}
    for envelope in registry.approvals(info):
        try:
            record = verify(envelope)
        except ApprovalInvalid:
            continue
        if (record.name, record.version) == (info.name, info.version):
            found[record.id] = record
    return sorted(found.values(), key=lambda record: record.issued_at)
