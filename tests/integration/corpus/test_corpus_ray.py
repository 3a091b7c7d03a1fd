"""Curation and masking on a Ray cluster of this machine: the same bytes, nothing listening beyond it, nothing left."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest
from pydantic import SecretBytes

from cleo_core.digest import tree_digest
from cleo_core.errors import EnvironmentFault
from cleo_core.progress import silent
from cleo_model.corpus import shards
from cleo_model.corpus.curate.curate import CurateSettings, curate
from cleo_model.corpus.pii.mask import MaskSettings, mask
from cleo_model.corpus.record import HELDOUT, TRAIN, Record, write_records
from cleo_model.corpus.shards import run_workers
from cleo_model.corpus.sources.words import words
from cleo_model.errors import WorkerFailed

pytestmark = pytest.mark.integration

SETTINGS = CurateSettings(heldout_share=0.2, decontaminate=(), workers=2)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    rng = random.Random(3)
    pool = words("canary_words")
    said = [f"Tell me of the {' and of the '.join(rng.sample(pool, 12))}, if you please." for _ in range(120)]
    said += [f"{said[0]} Thank you.", said[1].upper(), "Non, je ne veux pas parler de cela avec vous aujourd'hui."]
    (tmp_path / "raw").mkdir()
    made = [
        Record.make(
            name=str(number), source="s", domain="conversation", licence="MIT",
            messages=[{"role": "user", "content": text}, {"role": "assistant", "content": "I will, and gladly."}],
        )
        for number, text in enumerate(said)
    ]  # fmt: skip
    write_records(tmp_path / "raw" / "records.jsonl", made)
    return tmp_path / "raw"


def curated(raw: Path, name: str, settings: CurateSettings = SETTINGS) -> str:
    out = raw.parent / name
    out.mkdir()
    curate(raw, settings, out, silent)
    return tree_digest(out)[0]


def ray_processes() -> list[psutil.Process]:
    below = psutil.Process().children(recursive=True)
    return [each for each in below if each.status() != psutil.STATUS_ZOMBIE and _is_ray(each)]


def _is_ray(process: psutil.Process) -> bool:
    try:
        return any(name in " ".join(process.cmdline()) for name in ("gcs_server", "raylet", "ray::"))
    except psutil.Error:
        return False


def test_ray_and_any_number_of_workers_make_the_same_bytes(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 4000)  # several shards of a small corpus
    before = set(Path(tempfile.gettempdir()).glob("cleo-ray-*"))
    alone = curated(raw, "alone", SETTINGS.model_copy(update={"workers": 1}))
    assert curated(raw, "local") == alone
    monkeypatch.setenv("CLEO_COMPUTE", "ray")
    listening: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.3):
            for process in ray_processes():
                try:
                    found = process.net_connections("tcp")
                except psutil.Error:
                    continue
                listening.update(each.laddr.ip for each in found if each.status == psutil.CONN_LISTEN)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        assert curated(raw, "ray") == alone
    finally:
        done.set()
        watcher.join()
    assert listening
    assert listening <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    until = time.monotonic() + 30
    while ray_processes() and time.monotonic() < until:
        time.sleep(0.2)
    assert ray_processes() == []
    assert set(Path(tempfile.gettempdir()).glob("cleo-ray-*")) <= before


def test_masking_on_ray_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 1500)  # several shards of a small corpus
    people = [f"{given} {family}" for given in ("Rachel", "Peter", "Laura") for family in ("Thornton", "Osborne")]
    talks = [
        Record.make(
            name=str(number), source="tickets", domain="talk", licence="MIT", profile="prose",
            text=f"Hello, I am {name}; write to {name.replace(' ', '.').lower()}@mailbox.org or call (212) 736-50"
            f"{number:02d}. My parcel number {number} has not come, and nobody told me why it would take so long.",
        )
        for number, name in enumerate(people * 3)
    ]  # fmt: skip
    (tmp_path / "curated").mkdir()
    write_records(tmp_path / "curated" / TRAIN, talks[2:])
    write_records(tmp_path / "curated" / HELDOUT, talks[:2])

    def masked(name: str) -> tuple[str, dict[str, str]]:
        (tmp_path / name).mkdir()
        settings = MaskSettings(key=SecretBytes(b"a key of thirty-two bytes or so!"), workers=2)
        mask(tmp_path / "curated", settings, tmp_path / name, silent)
        return tree_digest(tmp_path / name)

    here = masked("local")
    monkeypatch.setenv("CLEO_COMPUTE", "ray")
    assert masked("ray") == here
    said = (tmp_path / "ray" / TRAIN).read_text()
    assert "My parcel number 7 has not come" in said
    assert not any(word in said for name in people for word in name.split())


def test_a_cluster_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_COMPUTE", "ray")
    monkeypatch.setenv("RAY_ADDRESS", "nonsense://127.0.0.1")
    with pytest.raises(EnvironmentFault, match="Ray cluster of nonsense"):
        run_workers("screen", "builtins:print", {}, 1, 1, silent)


def test_what_fails_on_ray_is_named_as_it_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_COMPUTE", "ray")
    job = {"scratch": str(tmp_path), "ranks": 1}
    target = "cleo_model.corpus.curate.screening:find_exact"
    with pytest.raises(WorkerFailed, match="step find exact duplicates, part 0 did not finish: KeyError: 'eval_texts'"):
        run_workers("find exact duplicates", target, job, 1, 1, silent)
