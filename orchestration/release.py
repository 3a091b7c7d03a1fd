"""From a signed bundle to the champion: who a candidate is compared with, its registration, its release."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cleo_core.errors import IntegrityError
from cleo_core.progress import Reporter, silent
from cleo_core.stage import StageResult
from orchestration.bundle import weights_digest

if TYPE_CHECKING:
    from cleo_core.registry.versions import VersionInfo

__all__ = ["Opponent", "Released", "approved_and_waiting", "newest", "opponent", "register", "release"]

WEIGHTS = "cleo.weights_digest"
AGAINST = "cleo.compared_with"
BASE = "base model"


@dataclass(frozen=True, slots=True)
class Opponent:
    """What a candidate has to match."""

    name: str
    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Released:
    """A version that serving now takes, and the one it took before."""

    version: int
    previous: int | None


def opponent(candidate: Path, base: StageResult, report: Reporter = silent) -> Opponent:
    """The champion's model; the base model where there is no champion.

    A candidate is not compared with itself: when the champion is the very same weights (a run in which nothing
    changed), the opponent is the one that the champion had to match.
    """
    from cleo_core import registry
    from cleo_core.errors import CleoError
    from cleo_core.registry.errors import VersionNotFound

    own = weights_digest(candidate)
    fallback = Opponent(BASE, base.path, base.digest)
    try:
        version = registry.resolve("champion")
        while version.tags.get(WEIGHTS) == own:
            against = version.tags.get(AGAINST, BASE)
            if against == BASE:
                return fallback
            version = registry.resolve(against)
    except VersionNotFound:
        report("there is no champion yet: comparing with the base model")
        return fallback
    try:
        folder = _verified(version.version)
    except CleoError as error:
        report(f"version {version.version} cannot be compared with ({error.message}): taking the base model")
        return fallback
    report(f"comparing with version {version.version}")
    return Opponent(str(version.version), folder, version.bundle_digest)


def _verified(version: int) -> Path:
    """The bundle of a version, both signatures verified, in a private folder that goes when this process has ended."""
    from cleo_core.registry.pull import pull

    return pull(version).path


def register(bundle: StageResult, advanced: StageResult, evaluation: StageResult, report: Reporter) -> VersionInfo:
    """Register a signed bundle, or find the version that it has already."""
    from cleo_core import registry

    report("registering in MLflow")
    number = registry.register(
        bundle.path / "bundle",
        bundle.path / "bundle.sig",
        (bundle.path / "bundle" / "card.md").read_text(),
        tags={
            WEIGHTS: weights_digest(advanced.path / "model"),
            AGAINST: str(evaluation.summary["champion"]),
            "cleo.verdict": str(evaluation.summary["verdict"]),
        },
    )
    return registry.resolve(number)


def newest() -> VersionInfo:
    """The version that waits for a decision, or was released last.

    Raises:
        VersionNotFound: nothing has been registered.
    """
    from cleo_core import registry

    return registry.resolve("candidate")


def release(version: int | str, report: Reporter = silent) -> Released:
    """Verify both signatures, let the bundle answer its smoke test in the serving engine, then move the alias.

    Raises:
        TrustError: a signature or the approval does not hold; the champion stays what it is.
        IntegrityError: the model does not answer; the champion stays what it is.
    """
    from cleo_core import audit, registry
    from cleo_core.registry.errors import VersionNotFound
    from cleo_core.registry.pull import pull

    try:
        before = registry.resolve("champion").version
    except VersionNotFound:
        before = None
    report(f"verifying version {version}")
    model = pull(version, purpose="release")
    try:
        report("trying the bundle in the serving engine")
        smoke_test(model.path)
        model.confirm()
    finally:
        model.release()
    registry.promote(model.version)
    subject = f"{model.name}/{model.version}"
    audit.record("model.released", actor="pipeline", subject=subject, bundle_digest=model.bundle_digest)
    report(f"version {model.version} is the champion")
    return Released(model.version, before if before != model.version else None)


def smoke_test(folder: Path) -> None:
    """Golden prompts through the serving engine, in a process of its own: orchestration does not import serving.

    Raises:
        IntegrityError: the model does not load or does not answer.
    """
    command = [sys.executable, "-m", "cleo_core", "infer", "--smoke", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        told = next((line for line in lines if line.startswith("Error [")), lines[-1])
        raise IntegrityError(f"The bundle failed its smoke test: {told}", hint="Try it: cleo infer --model FOLDER.")


def approved_and_waiting() -> list[tuple[VersionInfo, str]]:
    """The newest version that is marked approved and is not the champion yet, with the ids of its decisions.

    The mark only makes the release job look: the job verifies the approval itself.
    """
    from cleo_core import registry
    from cleo_core.registry.errors import VersionNotFound

    try:
        champion = registry.resolve("champion").version
    except VersionNotFound:
        champion = 0
    found = []
    for version in registry.list_versions():
        if version.version > champion and version.review == "approved":
            decisions = sorted(key for key in version.tags if key.startswith(registry.DECISION_TAG))
            found.append((version, "+".join(key.removeprefix(registry.DECISION_TAG) for key in decisions)))
    return found[:1]
