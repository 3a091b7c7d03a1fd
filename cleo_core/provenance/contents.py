"""What may lie in a bundle: plain files with names from a list, each of the kind its name says.

Nothing here loads a model: the header of a safetensors file is read and reckoned through, JSON is parsed, and that is
all. A pickle cannot pass under any name, and no configuration may ask for code to be fetched.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import struct
from pathlib import Path
from typing import Any

from cleo_core.provenance.errors import BundleContent, BundleIncomplete, BundleLink, BundleName

__all__ = ["ALLOWED", "REQUIRED", "allowed", "check_contents", "check_safetensors"]

ALLOWED = re.compile(
    r"config\.json|generation_config\.json|model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json"
    r"|tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.json|vocab\.txt"
    r"|merges\.txt|tokenizer\.model|chat_template\.jinja"
    r"|card\.md|data_card\.md|eval_report\.json|corpus_manifest\.json|lineage\.json|sbom\.cdx\.json"
)
REQUIRED = ("config.json", "tokenizer.json", "card.md", "eval_report.json", "corpus_manifest.json", "lineage.json")
TEXT_LIMIT = 128 << 20  # bytes; the largest tokenizer.json in use has about 30 MB
HEADER_LIMIT = 100 << 20  # as in the safetensors format itself
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
}  # fmt: skip


def allowed(name: str) -> str:
    """The name itself.

    Raises:
        BundleName: it is not one of a bundle's.
    """
    if not ALLOWED.fullmatch(name):
        raise BundleName(f"{name!r} may not be in a bundle.", hint="docs/trust.md lists the names that may.")
    return name


def check_contents(folder: Path, *, complete: bool = True) -> dict[str, Path]:
    """The files of a bundle by name, when all of them may be there.

    Args:
        complete: also demand the files that every bundle has.

    Raises:
        BundleLink, BundleName, BundleContent, BundleIncomplete: one of them may not, or one is missing.
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
            files[allowed(entry.name)] = folder / entry.name
    for name, path in files.items():
        _check_file(name, path)
    _check_weights(files)
    if complete and (missing := [name for name in REQUIRED if name not in files]):
        raise BundleIncomplete(f"The bundle lacks {', '.join(missing)}.")
    return files


def _check_file(name: str, path: Path) -> None:
    if name.endswith(".safetensors"):
        check_safetensors(path)
        return
    if path.stat().st_size > TEXT_LIMIT:
        raise BundleContent(f"{name} has {path.stat().st_size} bytes; at most {TEXT_LIMIT} are read.")
    if name == "tokenizer.model":  # SentencePiece: a protocol buffer, parsed by no code that executes it
        return
    try:
        text = path.read_text(encoding="utf-8")
        if name.endswith(".json"):
            value = json.loads(text)
            if not isinstance(value, dict):
                raise BundleContent(f"{name} holds no JSON object.")
            if "auto_map" in value:
                raise BundleContent(f"{name} asks for code to be loaded (auto_map).", hint="Remove auto_map.")
    except (ValueError, RecursionError) as error:
        raise BundleContent(f"{name} is not what its name says: {error}") from None


def _check_weights(files: dict[str, Path]) -> None:
    weights = {name for name in files if name.endswith(".safetensors")}
    if not weights:
        raise BundleIncomplete("The bundle holds no weights (model*.safetensors).")
    index = files.get("model.safetensors.index.json")
    if index is None:
        if weights != {"model.safetensors"}:
            raise BundleIncomplete("Weights in several files need model.safetensors.index.json.")
        return
    named = json.loads(index.read_text(encoding="utf-8")).get("weight_map")
    if not isinstance(named, dict) or set(map(str, named.values())) != weights:
        raise BundleContent("model.safetensors.index.json names other files than there are.")


def check_safetensors(path: Path) -> dict[str, Any]:
    """The header of a safetensors file, when the file is wholly what its header says.

    Format: https://huggingface.co/docs/safetensors. Offsets must cover the data without a gap or an overlap, so no
    byte of the file is outside a tensor.

    Raises:
        BundleContent: it is not.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > min(HEADER_LIMIT, size - 8):
                raise ValueError("the header is longer than the file")
            header = json.loads(stream.read(length), object_pairs_hook=_unique)
        if not isinstance(header, dict):
            raise ValueError("the header is no object")
        spans = [_span(name, tensor) for name, tensor in header.items() if name != "__metadata__"]
        end = 0
        for start, stop in sorted(spans):
            if start != end:
                raise ValueError("tensors overlap or leave a gap")
            end = stop
        if not spans or end != size - 8 - length:
            raise ValueError("the file is longer or shorter than its tensors")
    except (ValueError, KeyError, TypeError, struct.error, RecursionError) as error:
        raise BundleContent(f"{path.name} is no safetensors file: {error}.") from None
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _span(name: str, tensor: dict[str, Any]) -> tuple[int, int]:
    start, stop = tensor["data_offsets"]
    shape = tensor["shape"]
    if not all(type(number) is int and number >= 0 for number in (start, stop, *shape)):
        raise ValueError(f"tensor {name!r} has a strange shape or place")
    if (stop - start) * 8 != math.prod(shape) * BITS[tensor["dtype"]]:
        raise ValueError(f"tensor {name!r} has another size than its shape")
    return start, stop
