"""From a signed bundle to the champion: its registration, and its release."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cleo_core.errors import IntegrityError
from cleo_core.progress import Reporter, silent
from cleo_core.stage.execution import StageResult
from evals.stages import EvaluationSummary
from orchestration.defs.evaluation.champion import AGAINST, WEIGHTS
from orchestration.defs.release.bundle import BundleSummary

if TYPE_CHECKING:
    from cleo_core.registry.versions import VersionInfo


@dataclass(frozen=True, slots=True)
class Released:
    """A version that serving now takes, and the one it took before."""

    version: int
    previous: int | None


def register(bundle: StageResult, evaluation: StageResult, report: Reporter) -> VersionInfo:
    """Register a signed bundle, or find the version that it has already."""
    from cleo_core import registry
    from cleo_core.subject import marks

    report("registering in MLflow")
    found = EvaluationSummary.of(evaluation)
    number = registry.register(
        bundle.path / "bundle",
        bundle.path / "bundle.sig",
        (bundle.path / "bundle" / "card.md").read_text(),
        tags={WEIGHTS: BundleSummary.of(bundle).weights_digest, AGAINST: found.champion, "cleo.verdict": found.verdict},
    )
    version = registry.resolve(number)
    # Who was erased while this model was in training is in it still.
    if erased := marks.mark(version, marks.learned_from(version)):
        report(f"version {number} learned from {len(erased)} people who were erased since: run the chain again")
    return version


def release(version: int | str, report: Reporter = silent) -> Released:
    """Verify both signatures, let the bundle answer its smoke test in the serving engine, then move the alias.

    Raises:
        TrustError: a signature or the approval does not hold; the champion stays what it is.
        IntegrityError: the model does not answer; the champion stays what it is.
    """
    from cleo_core import audit, registry
    from cleo_core.registry.pull import pull

    report(f"verifying version {version}")
    model = pull(version, purpose="release")
    try:
        report("trying the bundle in the serving engine")
        smoke_test(model.path)
        model.confirm()
    finally:
        model.release()
    previous = registry.promote(model.version)
    subject = f"{model.name}/{model.version}"
    audit.record("model.released", actor="pipeline", subject=subject, bundle_digest=model.bundle_digest)
    report(f"version {model.version} is the champion")
    return Released(model.version, previous)


def smoke_test(folder: Path) -> None:
    """Golden prompts through the serving engine, in a process of its own: orchestration does not import serving.

    Raises:
        IntegrityError: the model does not load or does not answer.
    """
    command = [sys.executable, "-m", "cleo_core", "infer", "--smoke", str(folder)]
    # Our own interpreter and module, never a shell string.
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        told = next((line for line in lines if line.startswith("Error [")), lines[-1])
        raise IntegrityError(f"The bundle failed its smoke test: {told}", hint="Try it: cleo infer --model FOLDER.")


def approved_and_waiting() -> tuple[VersionInfo, str] | None:
    """The newest version that is marked approved and is not the champion yet, with the ids of its decisions.

    The mark only makes the release job look: the job verifies the approval itself.
    """
    from cleo_core import registry

    champion = registry.champion() or 0
    for version in registry.list_versions():
        if version.version > champion and version.review == "approved":
            decisions = sorted(key for key in version.tags if key.startswith(registry.DECISION_TAG))
            return version, "+".join(key.removeprefix(registry.DECISION_TAG) for key in decisions)
    return None
