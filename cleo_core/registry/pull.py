"""From a name to files that may be loaded: fetch, verify everything, and hold on to exactly what was verified.

An alias is resolved to a number once; the files are copied into a private folder of this process, and what is verified
there is what is loaded from there. No signature, no approval, no model.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from filelock import FileLock

from cleo_core import registry
from cleo_core.crypto.trust_store import TrustedKey
from cleo_core.provenance import decisions, rollback_guard
from cleo_core.provenance.approval import Approval, Subject, governing, verify
from cleo_core.provenance.bundle import BundleSignature, bundle_digest, verify_part, verify_signature
from cleo_core.provenance.errors import ApprovalInvalid, BundleChanged
from cleo_core.settings import home

Purpose = Literal["serve", "release", "inspect"]
Facts = dict[str, tuple[int, int, int, int, int]]


def _facts(folder: Path) -> Facts:
    """What tells a file that was touched: device, inode, size, and the times of the last write and change."""
    found: Facts = {}
    for path in sorted(folder.iterdir()):
        told = path.lstat()
        found[path.name] = (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
    return found


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A bundle in a private folder, of which every claim was verified. Call `confirm` after loading it."""

    path: Path
    name: str
    version: int
    bundle_digest: str
    signer: TrustedKey
    approval: Approval
    files: dict[str, str]
    _facts: Facts = field(repr=False)
    _owner: int = field(repr=False)

    @property
    def approved_by(self) -> str:
        return self.approval.reviewer

    def confirm(self, *, deep: bool = False) -> None:
        """Make sure that what was verified is what lies there now: call it once the files are loaded.

        Args:
            deep: read and hash everything again, not only what the file system tells of each file.

        Raises:
            BundleChanged: a file was touched since it was verified.
        """
        now = _facts(self.path)
        if touched := sorted(name for name in {*now, *self._facts} if now.get(name) != self._facts.get(name)):
            raise BundleChanged(
                f"Files were touched after they were verified: {', '.join(touched)}.",
                hint="Do not use what was loaded.",
            )
        if deep and bundle_digest(self.path) != self.bundle_digest:
            raise BundleChanged("The bundle is not the one that was verified.", hint="Do not use what was loaded.")

    def release(self) -> None:
        """Remove the private copy: nothing uses it any more."""
        _remove(self.path.parent)
        os.close(self._owner)


@contextmanager
def inspected(
    info: registry.VersionInfo, only: Collection[str] | None = None
) -> Iterator[tuple[Path, BundleSignature]]:
    """The bundle of a version in a folder that goes at once, and its signature, which holds. No approval is asked for.

    Args:
        only: no files but these: their signature holds without the weights being fetched.

    Raises:
        TrustError, IntegrityError: the bundle is not what was signed.
    """
    with tempfile.TemporaryDirectory(dir=home("tmp")) as scratch:
        files = registry.download(info, Path(scratch) / "version", only)
        if only is None:
            yield files.bundle, verify_signature(files.bundle, files.signature)
        else:
            yield files.bundle, verify_part(files.bundle, files.signature, only)


def subject_of(name: str, version: int, signed: BundleSignature) -> Subject:
    """What a decision about this bundle must speak of."""
    return Subject(
        name=name, version=version, bundle_digest=signed.digest, eval_digest=signed.files["eval_report.json"]
    )


def pull(selector: str | int = "champion", *, purpose: Purpose | None = None) -> VerifiedModel:
    """Fetch a version into a private folder and verify all there is to verify.

    Args:
        selector: an alias or a version number.
        purpose: "serve" (the default for ``champion``) refuses to go backwards on this machine, and remembers the
            version; "release" refuses without remembering; "inspect" (the default otherwise) does neither.

    Raises:
        VersionNotFound, UnsafeArtifact, RegistryError: from the registry.
        SignatureMissing, UntrustedKey, BundleSignatureInvalid, BundleChanged, BundleRefused: the bundle.
        NotApproved, ApprovalInvalid, ApprovalExpired, ApprovalMismatch, Rejected, Revoked: the approval.
        VersionRollback, VersionReplaced, StateDamaged: an older or replaced version.
    """
    purpose = purpose or ("serve" if selector == "champion" else "inspect")
    info = registry.resolve(selector)
    folder, owner = _private_folder(info.version)
    try:
        files = registry.download(info, folder)
        for path in files.bundle.iterdir():
            path.chmod(0o400)
        files.bundle.chmod(0o500)
        facts = _facts(files.bundle)
        signed = verify_signature(files.bundle, files.signature)
        subject = subject_of(info.name, info.version, signed)
        envelopes = registry.approvals(info)
        keep_denials(envelopes)
        approval = governing(envelopes, subject)
        if purpose != "inspect":
            with rollback_guard.locked(info.name):
                mark = rollback_guard.accept(approval, envelopes)
                if purpose == "serve":
                    rollback_guard.write(info.name, mark)
        model = VerifiedModel(
            path=files.bundle, name=info.name, version=info.version, bundle_digest=signed.digest, files=signed.files,
            signer=signed.signer, approval=approval, _facts=facts, _owner=owner,
        )  # fmt: skip
        model.confirm()
    except BaseException:
        _remove(folder)
        os.close(owner)
        raise
    return model


def keep_denials(envelopes: list[dict[str, object]]) -> None:
    """Remember every no that was ever seen, so that taking it out of the registry changes nothing here."""
    for envelope in envelopes:
        try:
            if verify(envelope, even_revoked=True).decision in ("revoke", "reject"):
                decisions.keep(envelope)
        except ApprovalInvalid:
            continue


def _remove(folder: Path) -> None:
    """Remove a folder that may hold read-only ones."""
    for inner in (folder, folder / "bundle"):
        if inner.is_dir() and not inner.is_symlink():
            inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _private_folder(version: int) -> tuple[Path, int]:
    """A fresh folder of mode 0700 with a lock that lives as long as this process; sweeps those of dead processes."""
    root = home("pulled")
    with FileLock(home() / "pulled.lock"):
        for old in root.iterdir():
            _sweep(old)
        folder = root / f"{version}-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_SH)
        return folder, handle


def _sweep(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder)
    except BlockingIOError:
        pass
    finally:
        os.close(handle)
