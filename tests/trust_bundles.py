"""Small but whole bundles, signed and registered for real: what the tests of trust are made with."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleo_core import registry
from cleo_core.crypto.keys import PrivateKey, create, load_private
from cleo_core.provenance import approval
from cleo_core.provenance.approval import Approval, Decision, Subject
from cleo_core.provenance.bundle import BundleSignature, sign
from cleo_core.registry.pull import subject_of
from cleo_core.subject.index import BUNDLED, SubjectIndex

__all__ = ["Registered", "make_bundle", "make_keys", "next_champion", "register_bundle", "safetensors", "stored_files"]


def safetensors(*tensors: tuple[str, str, list[int], bytes]) -> bytes:
    """The bytes of a safetensors file, written by hand so that the tests can also write wrong ones."""
    header: dict[str, Any] = {}
    data = b""
    for name, dtype, shape, content in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def make_bundle(
    folder: Path,
    *,
    seed: int = 0,
    verdict: bool = True,
    subjects: dict[str, dict[str, int]] | None = None,
    gguf: bool = False,
) -> Path:
    """A bundle with every file that one must have, and the people in its corpus where there are any."""
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(safetensors(("w", "F32", [2, 2], bytes([seed]) * 16)))
    if gguf:
        (folder / "model.gguf").write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + bytes([seed]) * 64)
    report = {"verdict": {"passed": verdict, "verdict": "NON_INFERIOR", "reason": "no worse"}}
    for name, value in {
        "config.json": {"model_type": "mixtral", "seed": seed},
        "tokenizer.json": {},
        "eval_report.json": report,
        "corpus_manifest.json": {"records": 3, "sources": {"prose": {}}, "files": {}},
        "lineage.json": {"stages": {}, "base_model": {"digest": "ab" * 32}},
    }.items():
        (folder / name).write_text(json.dumps(value))
    (folder / "card.md").write_text("# Card\n")
    SubjectIndex(subjects=subjects or {}).write(folder / BUNDLED)
    return folder


def make_keys() -> None:
    """One key per role, as an operator would make them: no development keys."""
    create("bundle", "release")
    create("reviewer", "ada")
    create("audit", "log")


@dataclass
class Registered:
    """A registered version with what a test needs to decide about it."""

    version: int
    bundle: Path
    signature: Path
    signed: BundleSignature

    @property
    def subject(self) -> Subject:
        return subject_of("cleo", self.version, self.signed)

    def record(self, decision: Decision = "approve", **changes: Any) -> Approval:
        subject = changes.pop("subject", self.subject)
        return approval.issue(decision, subject, changes.pop("reviewer", "ada"), **changes)

    def decide(self, decision: Decision = "approve", *, key: PrivateKey | None = None, **changes: Any) -> Approval:
        """Sign a decision and attach it."""
        record = self.record(decision, **changes)
        envelope = approval.sign(record, key or load_private("reviewer", "ada"))
        return registry.attach_approval(self.version, envelope)


def register_bundle(place: Path, *, seed: int = 0, **content: Any) -> Registered:
    bundle = make_bundle(place / f"made-{seed}" / "bundle", seed=seed, **content)
    signature = bundle.parent / "bundle.sig"
    signed = sign(bundle, signature)
    version = registry.register(bundle, signature, f"# Decision\n\nseed {seed}")
    return Registered(version, bundle, signature, signed)


def stored_files(home: Path, version: Registered | int) -> Path:
    """Where the registry keeps the files of a version."""
    number = version if isinstance(version, int) else version.version
    return home / "mlflow" / "artifacts" / "models" / registry.resolve(number).model_id / "artifacts"


def next_champion(tmp_path: Path, seed: int, **changes: Any) -> Registered:
    """A newer version, approved and champion."""
    made = register_bundle(tmp_path, seed=seed)
    made.decide(**changes)
    registry.promote(made.version)
    return made
