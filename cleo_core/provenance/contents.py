"""What may lie in a bundle: plain files with names from a list, each of the kind its name says.

Stricter than a model folder in general (`cleo_core.model_folder`): flat, no hard links, names from a list. A pickle
cannot pass under any name, and no JSON file may ask for code to be fetched.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from pathlib import Path

from cleo_core.errors import ModelError
from cleo_core.model_folder import INDEX, check_header, index_files, read_object
from cleo_core.provenance.errors import BundleContent, BundleIncomplete, BundleLink, BundleName

ALLOWED = re.compile(
    r"config\.json|generation_config\.json|model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json|model\.gguf"
    r"|tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.json|vocab\.txt"
    r"|merges\.txt|tokenizer\.model|chat_template\.jinja"
    r"|card\.md|data_card\.md|eval_report\.json|corpus_manifest\.json|corpus_subjects\.json|lineage\.json|sbom\.cdx\.json"
)
REQUIRED = ("config.json", "tokenizer.json", "card.md", "eval_report.json", "corpus_manifest.json", "lineage.json")
TEXT_LIMIT = 128 << 20  # bytes; the largest tokenizer.json in use has about 30 MB


def check_contents(folder: Path) -> dict[str, Path]:
    """The files of a bundle by name, when all of them may be there.

    Raises:
        BundleLink, BundleName, BundleContent, BundleIncomplete: one of them may not, or one is missing.
    """
    files = list_files(folder)
    try:
        for name, path in files.items():
            _check_file(name, path)
        _check_weights(folder, files)
    except ModelError as error:
        raise BundleContent(error.message, hint=error.hint) from None
    if missing := [name for name in REQUIRED if name not in files]:
        raise BundleIncomplete(f"The bundle lacks {', '.join(missing)}.")
    return files


def list_files(folder: Path) -> dict[str, Path]:
    """The files of a bundle by name, none of them read.

    Raises:
        BundleLink, BundleName, BundleIncomplete: something is no plain file, or has a name that no bundle has.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise BundleIncomplete(f"There is no bundle folder {folder.name!r}.")
    files: dict[str, Path] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            facts = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(facts.st_mode):
                raise BundleLink(f"{entry.name!r} is a link.", hint="A bundle holds the files themselves.")
            if not stat.S_ISREG(facts.st_mode):
                raise BundleLink(f"{entry.name!r} is a folder or a special file.", hint="A bundle is one flat folder.")
            if facts.st_nlink > 1:
                raise BundleLink(f"{entry.name!r} has a second name elsewhere (hard link).", hint="Copy the file.")
            if not ALLOWED.fullmatch(entry.name):
                raise BundleName(f"{entry.name!r} may not be in a bundle.", hint="docs/trust.md lists those that may.")
            files[entry.name] = folder / entry.name
    return files


def _check_file(name: str, path: Path) -> None:
    if name.endswith(".safetensors"):
        check_header(path)
    elif name.endswith(".gguf"):
        _check_gguf(name, path)
    elif name.endswith(".json"):
        if "auto_map" in read_object(path, TEXT_LIMIT):
            raise BundleContent(f"{name} asks for code to be loaded (auto_map).", hint="Remove auto_map.")
    elif path.stat().st_size > TEXT_LIMIT:
        raise BundleContent(f"{name} has {path.stat().st_size} bytes; at most {TEXT_LIMIT} are read.")
    elif name != "tokenizer.model":  # SentencePiece: a protocol buffer, parsed by no code that executes it
        try:
            path.read_text(encoding="utf-8")
        except ValueError as error:
            raise BundleContent(f"{name} is not what its name says: {error}") from None


def _check_gguf(name: str, path: Path) -> None:
    """Tensors and facts, of which llama.cpp checks the rest while it reads them; nothing in it is executed."""
    with path.open("rb") as stream:
        start = stream.read(24)
    if len(start) < 24 or start[:4] != b"GGUF":
        raise BundleContent(f"{name} is not a GGUF file.", hint="Write it again: cleo export --gguf")
    version, tensors = struct.unpack("<IQ", start[4:16])
    if version != 3 or not tensors:
        raise BundleContent(f"{name} is a GGUF of version {version} with {tensors} tensors; version 3 is read.")


def _check_weights(folder: Path, files: dict[str, Path]) -> None:
    weights = {name for name in files if name.endswith(".safetensors")}
    if not weights:
        raise BundleIncomplete("The bundle holds no weights (model*.safetensors).")
    if INDEX not in files:
        if weights != {"model.safetensors"}:
            raise BundleIncomplete(f"Weights in several files need {INDEX}.")
    elif {path.name for path in index_files(folder)} != weights:
        raise BundleContent(f"{INDEX} names other files than there are.")
