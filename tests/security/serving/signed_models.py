"""Registered versions with a tiny model in them: what the tests of signed serving share."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from cleo_core import registry
from cleo_core.provenance.bundle import sign
from cleo_core.subject.index import BUNDLED, SubjectIndex
from cleo_serving.settings import EngineSettings, ServingSettings
from tests.trust_bundles import Registered

__all__ = ["register", "settings", "until"]

ENGINE = EngineSettings(threads=1, page_size=8, cache_tokens=2048, max_batch_tokens=64, context_tokens=512)


def register(place: Path, model: Path, seed: int = 0, subjects: dict[str, dict[str, int]] | None = None) -> Registered:
    """A version with the tiny model in it, signed but not approved."""
    bundle = shutil.copytree(model, place / f"made-{seed}" / "bundle")
    report = {"verdict": {"passed": True, "verdict": "NON_INFERIOR", "reason": "no worse"}}
    for name, value in {
        "eval_report.json": report,
        "corpus_manifest.json": {"records": 3, "sources": {"prose": {}}, "files": {}, "seed": seed},
        "lineage.json": {"stages": {}, "base_model": {"digest": "ab" * 32}},
    }.items():
        (bundle / name).write_text(json.dumps(value))
    (bundle / "card.md").write_text("# Card\n")
    SubjectIndex(subjects=subjects or {}).write(bundle / BUNDLED)
    signature = bundle.parent / "bundle.sig"
    signed = sign(bundle, signature)
    return Registered(registry.register(bundle, signature, f"# Decision {seed}"), bundle, signature, signed)


def settings(**changes: Any) -> ServingSettings:
    return ServingSettings(engine=ENGINE, **changes)


async def until(met: Any) -> None:
    for _ in range(3000):
        if met():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come about")
