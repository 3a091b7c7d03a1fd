"""The model registry: MLflow versions whose files are a bundle, its signature and the decisions about it.

MLflow stores and shows; it decides nothing. Files are plain artifacts of a logged model (no flavour, so nothing that
could be unpickled), the source of a version is always ``models:/m-…``, and whatever comes from here is verified by
`cleo_core.registry.pull` before it is used.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cleo_core.crypto.dsse import Envelope
from cleo_core.errors import InputError
from cleo_core.provenance import bundle as bundles
from cleo_core.provenance import decisions
from cleo_core.provenance.approval import Approval, verify
from cleo_core.registry import embedded
from cleo_core.registry.artifacts import Downloaded, fetch_files
from cleo_core.registry.errors import RegistryError, UnsafeArtifact, VersionNotFound
from cleo_core.registry.mlflow import NONE_YET, model_name, tracking, tracking_uri
from cleo_core.settings import home

SOURCE = re.compile(r"models:/(m-[0-9a-f]{32})")
ALIAS = re.compile(r"[a-z][a-z0-9-]{0,62}")
DESCRIPTION_LIMIT = 5000  # characters; what MLflow's SQL schema holds
DECISION_TAG = "cleo.decision."
REVIEW_TAG = "cleo.review"
DIGEST = "cleo.bundle_digest"
STATE = {"approve": "approved", "rollback": "approved", "reject": "rejected", "revoke": "revoked"}


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A version as the registry tells it: claims, until they are verified."""

    name: str
    version: int
    description: str
    model_id: str
    created_at: int
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def review(self) -> str:
        """pending, approved, rejected or revoked: for people to look at, never relied on."""
        return self.tags.get(REVIEW_TAG, "pending")

    @property
    def bundle_digest(self) -> str:
        return self.tags.get(DIGEST, "")


def register(bundle: Path, signature: Path, description: str, tags: Mapping[str, str] | None = None) -> int:
    """Register a signed bundle as a new version with the alias ``candidate``, its review pending.

    Registering the same bundle again gives the version it has, so a repeated run makes no second one.

    Args:
        description: the whole decision in Markdown; the page that the reviewer reads.

    Raises:
        BundleChanged, BundleRefused, BundleSignatureInvalid, …: an unsigned bundle is never registered.
        RegistryError: MLflow cannot be reached or refuses.
    """
    digest = bundles.verify_signature(bundle, signature).digest
    name = model_name()
    for known in list_versions():
        if known.bundle_digest == digest and known.review not in ("rejected", "revoked"):
            set_alias("candidate", known.version)
            return known.version
    with tracking() as mlflow:
        model = mlflow.create_logged_model(_experiment(mlflow), name=name, model_type="cleo-bundle")
        mlflow.log_model_artifacts(model.model_id, str(bundle), "bundle")
        with tempfile.TemporaryDirectory(prefix="cleo-register-") as scratch:
            copy = shutil.copyfile(signature, Path(scratch) / "bundle.sig")
            mlflow.log_model_artifact(model.model_id, str(copy), "signature")
        mlflow.finalize_logged_model(model.model_id, "READY")
        _ensure_model(mlflow, name)
        made = mlflow.create_model_version(
            name,
            source=f"models:/{model.model_id}",
            model_id=model.model_id,
            description=fitted(description),
            tags={**(tags or {}), REVIEW_TAG: "pending", DIGEST: digest},
        )
        version = int(made.version)
    set_alias("candidate", version)
    return version


def fitted(text: str) -> str:
    """The text as far as a description holds it."""
    if len(text) <= DESCRIPTION_LIMIT:
        return text
    tail = "\n\n… the rest is in card.md of the bundle."
    return text[: DESCRIPTION_LIMIT - len(tail)] + tail


def _experiment(mlflow: Any) -> str:
    found = mlflow.get_experiment_by_name(model_name())
    if found:
        return str(found.experiment_id)
    served = tracking_uri().startswith(("http://", "https://"))  # then the server decides where files are kept
    root = None if served else home("mlflow", "artifacts").resolve().as_uri()
    return str(mlflow.create_experiment(model_name(), artifact_location=root))


def _ensure_model(mlflow: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        mlflow.create_registered_model(name, description="Signed and reviewed by CleoAI. Serving verifies both.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def resolve(alias_or_version: str | int) -> VersionInfo:
    """The version an alias points to now, or the version of that number.

    Raises:
        VersionNotFound: there is none.
        UnsafeArtifact: its source is not a logged model of this registry.
    """
    wanted = str(alias_or_version)
    number = re.fullmatch(r"[1-9][0-9]{0,8}", wanted)
    if not number and not ALIAS.fullmatch(wanted):
        raise VersionNotFound(f"{wanted!r} is neither a version nor an alias.", hint="E.g. 3, champion, candidate.")

    missing = f"There is no {'version' if number else 'alias'} {wanted} of {model_name()!r}."
    if (known := _embedded()) is not None and wanted != "latest":
        for row in known:
            if wanted in (str(row.version), *row.aliases):
                return _info(row)
        raise VersionNotFound(missing, hint=NONE_YET)
    with tracking(missing=missing) as mlflow:
        ask = mlflow.get_model_version if number else mlflow.get_model_version_by_alias
        return _info(ask(model_name(), wanted))


def _embedded() -> list[embedded.Row] | None:
    """The versions in the SQLite file, when the registry is one that can be read without MLflow."""
    file = embedded.database(tracking_uri())
    return embedded.rows(file, model_name()) if file else None


def _info(found: Any) -> VersionInfo:
    source = SOURCE.fullmatch(found.source or "")
    if not source:
        raise UnsafeArtifact(
            f"Version {found.version} has the source {found.source!r}, which is no logged model.",
            hint="Register bundles with `cleo run` only.",
        )
    return VersionInfo(
        name=found.name,
        version=int(found.version),
        description=found.description or "",
        model_id=source[1],
        created_at=int(found.creation_timestamp or 0),
        aliases=tuple(sorted(found.aliases or ())),
        tags=dict(found.tags or {}),
    )


def list_versions() -> list[VersionInfo]:
    """All versions, newest first. One whose source is not a logged model is left out."""
    if (known := _embedded()) is not None:
        return [_info(row) for row in known if SOURCE.fullmatch(row.source or "")]
    found: list[Any] = []
    aliases: dict[int, list[str]] = {}
    with tracking() as mlflow:
        token = None
        while True:
            page = mlflow.search_model_versions(f"name='{model_name()}'", page_token=token)
            found += [version for version in page if SOURCE.fullmatch(version.source or "")]
            token = page.token
            if not token:
                break
        if found:  # a search leaves the aliases out
            for alias, number in (mlflow.get_registered_model(model_name()).aliases or {}).items():
                aliases.setdefault(int(number), []).append(alias)
    listed = [replace(info, aliases=tuple(sorted(aliases.get(info.version, ())))) for info in map(_info, found)]
    return sorted(listed, key=lambda info: -info.version)


def pending() -> list[VersionInfo]:
    """Versions that nobody has decided about, newest first."""
    return [info for info in list_versions() if info.review == "pending"]


def download(version: VersionInfo | int, dest: Path, only: Collection[str] | None = None) -> Downloaded:
    """Copy the files of a version into `dest`: ``dest/bundle`` and ``dest/bundle.sig``. Nothing is verified yet.

    Args:
        only: of the bundle, no files but those with these names, as far as there are any.

    Raises:
        UnsafeArtifact: the registry holds a file whose name or kind may not be in a bundle; nothing is written then.
    """
    info = version if isinstance(version, VersionInfo) else resolve(version)
    file = embedded.database(tracking_uri())
    location = embedded.artifact_location(file, info.model_id) if file else None
    if location is None:
        with tracking(missing=f"The files of version {info.version} are gone.") as mlflow:
            location = mlflow.get_logged_model(info.model_id).artifact_location
    return fetch_files(location, dest, only)


def set_alias(alias: str, version: int) -> None:
    """Point an alias to a version."""
    if not ALIAS.fullmatch(alias):
        raise InputError(f"{alias!r} is no alias.", hint="E.g. candidate, champion, previous.")
    with tracking(missing=f"There is no version {version}.") as mlflow:
        mlflow.set_registered_model_alias(model_name(), alias, str(version))


def set_tags(version: int, tags: Mapping[str, str]) -> None:
    """Set tags of a version: for people to look at, or signed records, never relied on as they are."""
    with tracking(missing=f"There is no version {version}.") as mlflow:
        for name, value in tags.items():
            mlflow.set_model_version_tag(model_name(), str(version), name, value)


def champion() -> int | None:
    """The version that serving takes, or None."""
    try:
        return resolve("champion").version
    except VersionNotFound:
        return None


def promote(version: int) -> int | None:
    """Make a version the champion and keep the one before, which is returned, as ``previous``.

    The caller has verified it.
    """
    before = champion()
    if before == version:
        return None
    if before is not None:
        set_alias("previous", before)
    set_alias("champion", version)
    return before


def approvals(version: VersionInfo | int) -> list[Envelope]:
    """Every decision attached to a version, and those that this machine keeps a copy of. None is verified yet."""
    info = version if isinstance(version, VersionInfo) else resolve(version)
    attached: list[Envelope] = []
    for key, value in sorted(info.tags.items()):
        if key.startswith(DECISION_TAG):
            try:
                attached.append(json.loads(value))
            except (ValueError, RecursionError):
                attached.append({"payloadType": f"unreadable tag {key}"})
    return attached + decisions.kept()


def attach_approval(version: int, envelope: Envelope) -> Approval:
    """Attach a signed decision to its version, and keep a copy on this machine.

    Raises:
        ApprovalInvalid: it does not hold; nothing is attached.
        RegistryError: it is about another version.
    """
    record = verify(envelope)
    if record.version != version or record.name != model_name():
        raise RegistryError(f"The decision is about {record.name!r} version {record.version}, not {version}.")
    decisions.keep(envelope)
    with tracking(missing=f"There is no version {version}.") as mlflow:
        mlflow.set_model_version_tag(record.name, str(version), DECISION_TAG + record.id, json.dumps(envelope))
        mlflow.set_model_version_tag(record.name, str(version), REVIEW_TAG, STATE[record.decision])
    return record
