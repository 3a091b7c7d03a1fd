"""What this machine has served: a version may not go backwards unless a reviewer signed a rollback.

The registry's alias can be moved by anyone who may update a model, also to an old version whose approval still holds.
So the highest version that was accepted is kept here, per model name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from filelock import FileLock

from cleo_core.clock import timestamp
from cleo_core.crypto.dsse import Envelope
from cleo_core.crypto.private_file import read_private
from cleo_core.digest import digest_json
from cleo_core.errors import TrustError
from cleo_core.files import write_json
from cleo_core.provenance.approval import Approval, holding
from cleo_core.provenance.errors import StateDamaged, VersionReplaced, VersionRollback
from cleo_core.settings import home


@dataclass(frozen=True, slots=True)
class Mark:
    """The version served last, and the last rollback: its versions need a newer approval to come back."""

    version: int
    bundle_digest: str
    approved_at: str
    used_rollbacks: tuple[str, ...] = ()
    rolled_back_from: int = 0
    rolled_back_at: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    """Version number to bundle digest, for every version that was served."""


def _file(name: str) -> Path:
    # The digest, because a model's name may hold characters that a file's name may not.
    return home("served") / f"{digest_json(name)[:16]}.json"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One process at a time decides about a model."""
    with FileLock(_file(name).with_suffix(".lock")):
        yield


def read(name: str) -> Mark | None:
    """The mark of a model, or None when none was ever served here.

    Raises:
        StateDamaged: there is one, but it cannot be read.
    """
    file = _file(name)
    if not file.exists():
        return None
    try:
        value = json.loads(read_private(file, "state"))
        mark = Mark(**{**value, "used_rollbacks": tuple(value["used_rollbacks"])})
        if type(mark.version) is not int or not isinstance(mark.digests, dict):
            raise ValueError("fields of the wrong kind")
    except (ValueError, TypeError, KeyError) as error:
        raise StateDamaged(
            f"{file} cannot be read ({type(error).__name__}), so it is not known which version was served last.",
            hint="Restore it from a backup. Remove it only if you know that the champion is not an old one.",
        ) from None
    return mark


def accept(approval: Approval, envelopes: Iterable[Envelope]) -> Mark:
    """The mark after serving the approved version.

    Raises:
        VersionRollback: it is older than the version served last, and no rollback is signed.
        VersionReplaced: another bundle was served under this very number.
    """
    name, version, digest = approval.name, approval.version, approval.bundle_digest
    mark = read(name) or Mark(0, "", "")
    known = mark.digests.get(str(version), digest)
    digests = {**mark.digests, str(version): digest}
    served = replace(mark, version=version, bundle_digest=digest, approved_at=approval.issued_at, digests=digests)
    if version < mark.version or known != digest:
        rollback = _rollback(approval, mark, envelopes)
        if rollback is None:
            raise _refusal(version, digest, mark, known)
        return replace(
            served,
            used_rollbacks=(*mark.used_rollbacks, rollback.id),
            rolled_back_from=max(mark.version, mark.rolled_back_from),
            rolled_back_at=rollback.issued_at,
        )
    if mark.version < version <= mark.rolled_back_from and approval.issued_at <= mark.rolled_back_at:
        raise VersionRollback(
            f"Version {version} was rolled back on {mark.rolled_back_at}; its approval is older than that.",
            hint=f"A reviewer can approve it anew: cleo review approve {version}",
        )
    return served


def _rollback(approval: Approval, mark: Mark, envelopes: Iterable[Envelope]) -> Approval | None:
    for record in holding(envelopes):
        if (
            record.decision == "rollback"
            and record.subject == approval.subject
            # It speaks of what is served here or of something newer, and is no older than the approval of that.
            and (record.supersedes or 0) >= mark.version
            and record.issued_at >= mark.approved_at
            and record.expires_at > timestamp()
            and record.id not in mark.used_rollbacks
        ):
            return record
    return None


def _refusal(version: int, digest: str, mark: Mark, known: str) -> TrustError:
    hint = f"If that is wanted, a reviewer signs it: cleo review rollback {version}"
    if known != digest:
        return VersionReplaced(
            f"Version {version} was served here before with another bundle ({known[:12]}…, now {digest[:12]}…).",
            hint=hint,
        )
    return VersionRollback(f"Version {version} is older than version {mark.version}, which was served here.", hint=hint)


def write(name: str, mark: Mark) -> None:
    """Keep the mark, durably, when it is another than before."""
    if mark != read(name):
        write_json(_file(name), asdict(mark))
