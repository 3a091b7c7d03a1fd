"""The walk from a reply, or a version, back to the corpus: each link is checked, none is believed.

A link that cannot be checked on this machine (a stage whose folder is elsewhere) is said to be so; it does not count as
holding, and not as broken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from cleo_core import registry
from cleo_core.digest import sha256_file
from cleo_core.errors import CleoError, InputError, IntegrityError
from cleo_core.proof import replies
from cleo_core.provenance.approval import Subject, governing, holding
from cleo_core.provenance.bundle import BundleSignature
from cleo_core.provenance.errors import ApprovalInvalid, ApprovalMismatch
from cleo_core.registry.errors import VersionNotFound
from cleo_core.registry.pull import inspected, subject_of
from cleo_core.settings import home
from cleo_core.stage.execution import read_stage

STAGE = re.compile(r"[a-z][a-z0-9_]{0,63}")
CORPUS = "masked_corpus"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the proof. `holds` is None when it cannot be checked on this machine."""

    name: str
    holds: bool | None
    detail: str

    @property
    def mark(self) -> str:
        return {True: "✓", False: "✗", None: "–"}[self.holds]


@dataclass(slots=True)
class Proof:
    """All links, from what was asked about to the corpus."""

    about: str
    links: list[Link] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return bool(self.links) and not any(link.holds is False for link in self.links)

    def to_json(self) -> dict[str, Any]:
        return {"about": self.about, "holds": self.holds, "links": [asdict(link) for link in self.links]}

    def add(self, name: str, check: Callable[[], str | tuple[bool | None, str]]) -> bool:
        """Add a link: the check tells its detail, or fails with what is wrong."""
        told = self._told(name, check)
        if told is None:
            return False
        holds, detail = told if isinstance(told, tuple) else (True, told)
        self.links.append(Link(name, holds, detail))
        return holds is not False

    def find(self, name: str, check: Callable[[], tuple[T, str]]) -> T | None:
        """Add a link whose check finds what the next ones need; None where the link does not hold."""
        if (told := self._told(name, check)) is None:
            return None
        found, detail = told
        self.links.append(Link(name, True, detail))
        return found

    def _told(self, name: str, check: Callable[[], T]) -> T | None:
        """What a check tells; where it fails, the link is added with what is wrong."""
        try:
            return check()
        except CleoError as error:
            detail = error.message
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            detail = f"cannot be read: {type(error).__name__}: {error}"
        self.links.append(Link(name, False, detail))
        return None


def walk(about: str) -> Proof:
    """Walk from a reply's id, a version number or an alias.

    Raises:
        InputError: there is no such reply, version or alias.
        RegistryError: the registry cannot be reached.
    """
    proof = Proof(about)
    reply = None if re.fullmatch(r"[0-9]{1,9}", about) else replies.find(about)
    if reply and not reply.version:
        told = f"{reply.at} by the unsigned folder {reply.model!r}, in development: nothing proves what it was"
        proof.links.append(Link("reply", False, told))
        return proof
    try:
        info = registry.resolve(reply.version if reply else about)
    except VersionNotFound as error:
        if reply is None:
            raise InputError(
                f"{about[:64]!r} is no reply, version or alias.",
                hint="A reply's id, or a version or alias of cleo review list; there is none before cleo run.",
            ) from None
        proof.links.append(Link("model version", False, error.message))
        return proof
    if reply:
        proof.add("reply", lambda: _reply(reply, info))
    proof.add("model version", lambda: f"{info.name} {info.version}, registered with bundle {info.bundle_digest[:16]}")
    with ExitStack() as stack:
        fetched = proof.find("bundle signature", lambda: _signed(stack.enter_context(inspected(info)), info))
        if fetched is None:
            return proof
        bundle, signed = fetched
        subject = subject_of(info.name, info.version, signed)
        _approval(proof, info, subject, reply)
        proof.add("evaluation", lambda: _evaluation(bundle))
        proof.add("audit log", lambda: _audited(info))
        _lineage(proof, bundle)
        proof.add("corpus manifest", lambda: _corpus(bundle))
    return proof


def _reply(reply: replies.Reply, info: registry.VersionInfo) -> str:
    if (reply.model, reply.bundle_digest) != (info.name, info.bundle_digest):
        raise IntegrityError(
            f"The reply came from bundle {reply.bundle_digest[:16]} of {reply.model!r}, but version {reply.version} "
            f"is now {info.bundle_digest[:16]} of {info.name!r}."
        )
    return f"{reply.at} by {reply.model} version {reply.version}, {len(reply.memories)} memories used"


def _signed(
    fetched: tuple[Path, BundleSignature], info: registry.VersionInfo
) -> tuple[tuple[Path, BundleSignature], str]:
    _, signed = fetched
    if signed.digest != info.bundle_digest:
        raise IntegrityError(f"The signed bundle is {signed.digest[:16]}, not the one that was registered.")
    signer = signed.signer
    return fetched, f"{len(signed.files)} files, signed with {signer.name!r} ({signer.fingerprint[:16]})"


def _approval(proof: Proof, info: registry.VersionInfo, subject: Subject, reply: replies.Reply | None) -> None:
    envelopes = registry.approvals(info)

    def current() -> str:
        record = governing(envelopes, subject)
        return f"by {record.reviewer} on {record.issued_at}, until {record.expires_at}"

    def then(reply: replies.Reply) -> str:
        record = next((one for one in holding(envelopes) if one.id == reply.approval_id), None)
        if record is None:
            raise ApprovalInvalid(f"There is no approval {reply.approval_id[:36]!r} that holds.")
        if record.subject != subject or record.decision != "approve":
            raise ApprovalMismatch("The reply's approval is not an approval of this version.")
        if not record.issued_at <= reply.at < record.expires_at:
            raise ApprovalMismatch(f"The approval held from {record.issued_at} to {record.expires_at}, not {reply.at}.")
        return f"by {record.reviewer} on {record.issued_at}, in force when the reply was given"

    if reply:
        proof.add("approval of the reply", lambda: then(reply))
    proof.add("approval", current)


def _evaluation(bundle: Path) -> tuple[bool, str]:
    verdict = json.loads((bundle / "eval_report.json").read_text()).get("verdict")
    if not isinstance(verdict, dict) or "passed" not in verdict:
        return False, "the report states no verdict"
    return verdict["passed"] is True, f"{verdict.get('verdict', 'verdict')}: {verdict.get('reason', '')}".rstrip(": ")


def _audited(info: registry.VersionInfo) -> tuple[bool | None, str]:
    """Whether the decisions about this version are in this machine's audit log, each with a proof."""
    from cleo_core.audit.log import check_proof, open_log

    told = open_log()
    wanted = [key.removeprefix(registry.DECISION_TAG) for key in info.tags if key.startswith(registry.DECISION_TAG)]
    found = [record for record in told.find(f"{info.name}/{info.version}") if record["event"].startswith("review.")]
    proven = {check_proof(told.prove(record["seq"]))["details"]["approval"] for record in found}
    missing = sorted(set(wanted) - proven)
    if missing:
        return None, f"{len(missing)} of {len(wanted)} decisions were recorded on another machine"
    return True, f"{len(wanted)} decisions, each proven to be in the log"


def _lineage(proof: Proof, bundle: Path) -> None:
    def check() -> tuple[dict[str, Any], str]:
        lineage = json.loads((bundle / "lineage.json").read_text())
        stages = dict(lineage["stages"])
        base = lineage.get("base_model", {}).get("digest", "")
        return stages, f"{len(stages)} stages, base model {str(base)[:16] or 'not stated'}"

    for name, stage in (proof.find("lineage", check) or {}).items():
        proof.add(f"stage {name}", partial(_stage, name, stage))


def _folder(name: str, stage: dict[str, Any]) -> Path:
    fingerprint = str(stage["fingerprint"])
    if not STAGE.fullmatch(name) or not re.fullmatch(r"[0-9a-f]{64}", fingerprint):
        raise IntegrityError(f"The lineage names a stage {name[:32]!r} in a way that no stage has.")
    return home("data") / name / fingerprint[:16]


def _stage(name: str, stage: dict[str, Any]) -> tuple[bool | None, str]:
    digest = str(stage["digest"])
    folder = _folder(name, stage)
    if not (folder / "stage.json").is_file():
        return None, f"{digest[:16]}, not on this machine"
    found = read_stage(folder)
    if found.digest != digest:
        return False, f"this machine has {found.digest[:16]}, the bundle was made from {digest[:16]}"
    return True, f"{digest[:16]}, every byte as recorded"


def _corpus(bundle: Path) -> tuple[bool | None, str]:
    manifest = json.loads((bundle / "corpus_manifest.json").read_text())
    sources = manifest.get("sources", {})
    said = f"{manifest.get('records', '?')} records from {len(sources)} sources ({', '.join(sorted(sources))})"
    lineage = json.loads((bundle / "lineage.json").read_text())
    stage = lineage.get("stages", {}).get(CORPUS)
    if stage is None:
        return False, f"{said}; the lineage knows no {CORPUS}"
    content = _folder(CORPUS, stage) / "content"
    if not content.is_dir():
        return None, f"{said}; the corpus itself is not on this machine"
    if sha256_file(content / "manifest.json") != sha256_file(bundle / "corpus_manifest.json"):
        return False, f"{said}; the corpus on this machine has another manifest"
    for name, digest in manifest.get("files", {}).items():
        if "/" in name or sha256_file(content / name) != digest:
            return False, f"{said}; {name!r} is not what the manifest says"
    return True, f"{said}; {len(manifest.get('files', {}))} files, every byte as recorded"
