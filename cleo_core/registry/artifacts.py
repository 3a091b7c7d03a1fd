"""Copying a version's files out of the registry's artifact store into a private folder.

Every name is checked before the first byte is written, so a store that answers with ``../../.bashrc`` writes nothing.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from cleo_core.errors import EnvironmentFault
from cleo_core.provenance.contents import ALLOWED
from cleo_core.registry.errors import UnsafeArtifact
from cleo_core.registry.mlflow import tracking

BUNDLE, SIGNATURE = "bundle", "signature/bundle.sig"
MOST_FILES = 2000


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The files of a version on this machine, not yet verified."""

    bundle: Path
    signature: Path


def fetch_files(location: str, dest: Path, only: Collection[str] | None = None) -> Downloaded:
    """Copy the bundle and its signature from an artifact location into `dest`, which is made with mode 0700.

    Args:
        only: of the bundle, no files but those with these names, as far as there are any.
    """
    dest.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chmod(dest, 0o700)
    if (dest / BUNDLE).exists() or (dest / "bundle.sig").exists():
        raise UnsafeArtifact(f"{dest} is not empty.", hint="A version is fetched into a fresh folder.")
    url = urlparse(location)
    if url.scheme in ("", "file"):
        root = Path(unquote(url.path))
        _fetch(_walked(root), partial(_copy, root), dest, only)
    else:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with tracking(missing="The files of this version are gone.") as mlflow:
            store: Any = get_artifact_repository(location, tracking_uri=mlflow.tracking_uri)
            # The store's own folder logic is left out: one file, to a path chosen here.
            _fetch(dict(_listed(store, None)), store._download_file, dest, only)
    return Downloaded(dest / BUNDLE, dest / "bundle.sig")


def _target(name: str, dest: Path) -> Path:
    """Where an artifact goes: ``bundle/<a name of a bundle>`` or the signature, nothing else."""
    folder, _, base = name.partition("/")
    if name == SIGNATURE:
        return dest / "bundle.sig"
    if folder != BUNDLE or not ALLOWED.fullmatch(base):
        raise UnsafeArtifact(f"The registry holds a file {name!r}, which no bundle has.", hint="Do not serve it.")
    return dest / BUNDLE / base


def _fetch(
    sizes: dict[str, int], fetch: Callable[[str, str], object], dest: Path, only: Collection[str] | None
) -> None:
    # Every name is checked, also of what is not fetched.
    targets = {name: _target(name, dest) for name in sizes}
    if only is not None:
        targets = {name: path for name, path in targets.items() if name == SIGNATURE or path.name in only}
    size, free = sum(sizes[name] for name in targets), shutil.disk_usage(dest).free
    if size > free:
        raise EnvironmentFault(f"The bundle has {size >> 20} MiB, the disk {free >> 20}.", hint="Free some space.")
    (dest / BUNDLE).mkdir(mode=0o700)
    for name, target in targets.items():
        fetch(name, str(target))


def _walked(root: Path) -> dict[str, int]:
    """The size of each file below a folder, by its relative name."""
    found: dict[str, int] = {}
    for folder, inner, names in os.walk(root, followlinks=False):
        for name in [*names, *inner]:
            path = Path(folder, name)
            facts = path.lstat()
            if stat.S_ISDIR(facts.st_mode):
                continue
            relative = path.relative_to(root).as_posix()
            if not stat.S_ISREG(facts.st_mode):
                raise UnsafeArtifact(f"{relative!r} in the registry is a link or a special file.")
            found[relative] = facts.st_size
    return found


def _copy(root: Path, name: str, target: str) -> None:
    # O_NOFOLLOW: a link that was put there after the walk is not followed.
    source = os.open(root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(source, "rb") as reader, open(target, "xb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)


def _listed(store: Any, folder: str | None) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for entry in store.list_artifacts(folder):
        name = str(entry.path)
        if name != posixpath.normpath(name) or name.startswith(("/", "..")) or (folder and not name.startswith(folder)):
            raise UnsafeArtifact(f"The registry answers with the file name {name!r}.", hint="Do not trust this server.")
        if entry.is_dir:
            if folder is not None or name not in (BUNDLE, posixpath.dirname(SIGNATURE)):
                raise UnsafeArtifact(f"The registry holds a folder {name!r}, which no bundle has.")
            found += _listed(store, name)
        else:
            found.append((name, int(entry.file_size or 0)))
        if len(found) > MOST_FILES:
            raise UnsafeArtifact(f"The registry lists more than {MOST_FILES} files.")
    return found
