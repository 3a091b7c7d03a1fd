"""The cache of the Hugging Face hub: folders of links to the files of one repository, and data sets saved to disk.

    datasets--owner--name/          models--owner--name/ the same
    ├── blobs/<digest>              the bytes
    ├── refs/main                   the commit of a branch
    └── snapshots/<commit>/…        links to ../../blobs/<digest>

A link that leads from a snapshot to a blob of the same repository is the file itself; any other link is not.
"""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = re.compile(r"(datasets|models|spaces)--.+")
SPLITS = {
    "train": "train", "training": "train", "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
}  # fmt: skip
"""Words in the names of a data set's files, and the split that they mean."""
STATE, INFO, SPLIT_LIST = "state.json", "dataset_info.json", "dataset_dict.json"
"""What `Dataset.save_to_disk` leaves beside the Arrow files."""


def repository_of(path: Path) -> Path | None:
    """The repository's folder in the hub's cache that a path lies in."""
    for folder in (path, *path.parents):
        if REPOSITORY.fullmatch(folder.name) and (folder / "blobs").is_dir() and (folder / "snapshots").is_dir():
            return folder
    return None


def is_cached_file(path: Path) -> bool:
    """Whether a link is a file of a snapshot: it leads to a blob of its own repository."""
    repository = repository_of(path.parent)
    if repository is None or not path.is_symlink() or (repository / "blobs").is_symlink():
        return False
    target = path.resolve()
    return target.parent == (repository / "blobs").resolve() and target.is_file()


def snapshot_of(folder: Path) -> Path:
    """The snapshot in a repository's folder: of `main`, or the only one; any other folder as it is."""
    if repository_of(folder) != folder:
        return folder
    main = folder / "refs" / "main"
    commit = main.read_text(encoding="utf-8").strip() if main.is_file() else ""
    if re.fullmatch(r"[0-9a-f]{4,64}", commit) and (folder / "snapshots" / commit).is_dir():
        return folder / "snapshots" / commit
    found = [path for path in (folder / "snapshots").iterdir() if path.is_dir() and not path.is_symlink()]
    return found[0] if len(found) == 1 else folder


def is_saved(folder: Path) -> bool:
    """Whether a folder is what `datasets` wrote (`save_to_disk`, or its cache): a data set, or one for each split."""
    return (folder / SPLIT_LIST).is_file() or (folder / INFO).is_file()


def split_of(name: str) -> str | None:
    """The split that the name of a data set's file tells, by its words."""
    words = re.split(r"[/._\-\s\d]+", name.lower())
    return next((SPLITS[word] for word in words if word in SPLITS), None)
