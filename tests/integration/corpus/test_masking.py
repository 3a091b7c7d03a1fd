"""Masking in worker processes: the same bytes for any number, one person over versions, and nothing left by a kill.

The detector here is a list of values, handed to the workers as a module of its own: what is tested is what becomes of
finds, and what happens when there are none.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from pydantic import SecretBytes

from cleo_core.progress import silent
from cleo_core.stage.execution import StageResult
from cleo_model.corpus.pii import mask as stage
from cleo_model.corpus.pii.checks import misses_are_known, second_agrees
from cleo_model.corpus.pii.entities import Replace
from cleo_model.corpus.pii.manifest import MaskingSummary
from cleo_model.corpus.pii.mask import MaskSettings, mask
from cleo_model.corpus.pii.masking import run
from cleo_model.corpus.pii.policy import MaskingPolicy
from cleo_model.corpus.profiles import ProfileName
from cleo_model.corpus.record import HELDOUT, RESERVED, TRAIN, Record, read_records, write_records
from cleo_model.errors import EmptyCorpus, WorkerFailed

pytestmark = pytest.mark.integration

KEY = SecretBytes(b"a key of thirty-two bytes or so!")
DETECTOR = """
import json, os, time
from pathlib import Path
from cleo_core.files import write_jsonl
from cleo_model.corpus.shards import read_shard

KNOWN = json.loads(Path(__file__).with_name("known.json").read_text())

def detect_shard(job, rank, progress):
    def found():
        for row in read_shard(Path(job["scratch"]) / "shards", rank):
            text, spans = row["text"], []
            for value, kind in KNOWN.items():
                if (start := text.find(value)) >= 0:
                    spans.append((start, start + len(value), kind))
            yield {"id": row["id"], "spans": spans}
    time.sleep(float(os.environ.get("SLOWLY", "0")))
    write_jsonl(Path(job["scratch"]) / "found" / f"{rank:05d}.jsonl", found())
"""
PEOPLE = {
    "Rachel Thornton": "PERSON", "rachel.thornton@acme.com": "EMAIL_ADDRESS", "Oluwaseun Adebayo": "PERSON",
    "4111 1111 1111 1111": "CREDIT_CARD",
}  # fmt: skip
Detector = Callable[[dict[str, str]], None]


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detector:
    """Makes the workers find these values and nothing else."""
    folder = tmp_path / "detector"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr(run, "DETECT", "list_detector:detect_shard")
    # So that few records fill many shards.
    monkeypatch.setattr(stage, "shard_size", lambda *_: 2000)

    def use(values: dict[str, str]) -> None:
        (folder / "list_detector.py").write_text(DETECTOR)
        (folder / "known.json").write_text(json.dumps(values))

    return use


def talk(number: int, replace: Replace = "surrogate", profile: ProfileName = "prose") -> Record:
    # Of prose the second detector reads no names, and need not load what finds them.
    said = [
        f"Ticket {number}: I am Rachel Thornton, write to rachel.thornton@acme.com, please. The lift is stuck again.",
        "Thank you, Rachel. Oluwaseun Adebayo will look at the lift before noon.",
        f"My card is 4111 1111 1111 1111, should you need it for order {number}.",
    ]
    roles = ("user", "assistant", "user")
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
    return Record.make(
        name=str(number), source=f"tickets-{replace}", domain="talk", licence="x", messages=messages, replace=replace,
        profile=profile,
    )  # fmt: skip


def curated(folder: Path, records: list[Record]) -> Path:
    folder.mkdir()
    write_records(folder / TRAIN, records[4:])
    write_records(folder / HELDOUT, records[:4])
    return folder


def masked(folder: Path, records: list[Record], workers: int = 1) -> tuple[Path, MaskingSummary]:
    out = folder / "masked"
    source = curated(folder, records)
    out.mkdir()
    return out, mask(source, MaskSettings(key=KEY, workers=workers), out, silent)


def texts(folder: Path) -> str:
    return "\n".join(record.text for part in (TRAIN, HELDOUT) for record in read_records(folder / part))


def test_the_same_bytes_for_any_number_of_workers(tmp_path: Path, detector: Detector) -> None:
    detector(PEOPLE)
    records = [talk(number) for number in range(30)]
    made = {workers: masked(tmp_path / str(workers), records, workers)[0] for workers in (1, 2, 3)}
    names = sorted(path.name for path in made[1].iterdir())
    assert {TRAIN, HELDOUT, "manifest.json", "data_card.md"} <= set(names)
    for workers in (2, 3):
        assert sorted(path.name for path in made[workers].iterdir()) == names
        for name in names:
            assert (made[workers] / name).read_bytes() == (made[1] / name).read_bytes(), name
    said = texts(made[1])
    for value in ("Rachel", "Thornton", "thornton", "Oluwaseun", "Adebayo", "4111"):
        assert value not in said
    assert "The lift is stuck again." in said


def test_a_person_keeps_the_surrogate_in_a_later_version(tmp_path: Path, detector: Detector) -> None:
    detector(PEOPLE)
    first = texts(masked(tmp_path / "1", [talk(number) for number in range(8)])[0])
    # Another order, more records, and a person who was not there before.
    detector({**PEOPLE, "Ignatius Fotheringay": "PERSON"})
    added = Record.make(
        name="new", source="new", domain="talk", licence="x", text="Ignatius Fotheringay came, too. " * 3
    )
    second = texts(masked(tmp_path / "2", [added, *(talk(number) for number in range(40, 50))])[0])
    name = first.split("I am ")[1].split(",")[0]
    mail = first.split("write to ")[1].split(",")[0]
    assert f"I am {name}, write to {mail}, please." in second
    assert mail.startswith(name.lower().replace(" ", "."))


def test_each_source_is_masked_in_its_mode(tmp_path: Path, detector: Detector) -> None:
    detector(PEOPLE)
    plain = Record.make(
        name="n", source="tickets-drop", domain="talk", licence="x", text="No one is named in this one."
    )
    modes: tuple[Replace, ...] = ("surrogate", "placeholder", "drop")
    records = [talk(number, mode) for mode in modes for number in range(6)]
    dropping = Record.make(name="n", source="tickets-drop", domain="talk", licence="x", text=plain.text, replace="drop")
    out, made = masked(tmp_path / "m", [*records, dropping])
    by_source: dict[str, list[Record]] = {}
    for part in (TRAIN, HELDOUT):
        for record in read_records(out / part):
            by_source.setdefault(record.source, []).append(record)
    assert [record.text for record in by_source["tickets-drop"]] == [plain.text]
    assert made.pii.dropped == {"tickets-drop": 6}
    assert any("6 records held personal data and were dropped" in note for note in made.notes)
    assert len(by_source["tickets-placeholder"]) == 6
    for record in by_source["tickets-placeholder"]:
        assert "I am [PERSON_1], write to [EMAIL_ADDRESS_1], please." in record.text
        assert "Thank you, [PERSON_1]. [PERSON_2] will look" in record.text
        assert "My card is [CREDIT_CARD_1]," in record.text
    assert "[PERSON" not in "".join(record.text for record in by_source["tickets-surrogate"])


def test_a_corpus_of_which_nothing_is_left_says_so(tmp_path: Path, detector: Detector) -> None:
    detector(PEOPLE)
    with pytest.raises(EmptyCorpus, match="All 6 records held personal data"):
        masked(tmp_path / "m", [talk(number, "drop") for number in range(6)])
    canary = Record.make(name="0", source=RESERVED, domain="talk", licence="x", text="The canary sings at noon.")
    with pytest.raises(EmptyCorpus, match="All 6 records held personal data"):
        masked(tmp_path / "canaries", [*(talk(number, "drop") for number in range(6)), canary])


def test_a_users_own_type_is_masked_under_its_name_in_every_record(tmp_path: Path, detector: Detector) -> None:
    detector({"BDG-1234567": "EMPLOYEE_ID"})
    recognizers = (
        "recognizers: [{name: badge, supported_language: en, supported_entity: Employee-ID, deny_list: [BDG-1234567]}]"
    )
    settings = MaskSettings(key=KEY, policies={"a": MaskingPolicy(recognizers=recognizers)})
    records = [
        Record.make(name=f"{n}", source="a", domain="talk", licence="x", profile="prose", replace=replace, text=text)
        for n, (replace, text) in enumerate([("placeholder", f"{n}: BDG-1234567 or bdg-1234567?") for n in range(5)])
    ]
    source, out = curated(tmp_path / "m", records), tmp_path / "out"
    out.mkdir()
    summary = mask(source, settings, out, silent)
    assert texts(out).count("[EMPLOYEE_ID_1] or [EMPLOYEE_ID_1]?") == 5
    assert summary.pii.distinct == {"EMPLOYEE_ID": 1}


def test_a_killed_worker_is_reported_and_leaves_nothing_unmasked(
    tmp_path: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector(PEOPLE)
    monkeypatch.setenv("SLOWLY", "60")

    def kill_one() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for process in psutil.Process().children(recursive=True):
                if "list_detector:detect_shard" in process.cmdline():
                    process.send_signal(signal.SIGKILL)
                    return
            time.sleep(0.05)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with pytest.raises(WorkerFailed, match="SIGKILL"):
        masked(tmp_path / "m", [talk(number) for number in range(30)], workers=2)
    killer.join()
    assert list((tmp_path / "m" / "masked").iterdir()) == []
    # A positive control: the same work is done when nobody kills.
    monkeypatch.setenv("SLOWLY", "0")
    out, _ = masked(tmp_path / "again", [talk(number) for number in range(6)], workers=2)
    assert (out / "manifest.json").is_file()


def test_a_broken_detector_is_seen_by_the_second_and_by_what_was_planted(tmp_path: Path, detector: Detector) -> None:
    records = [talk(number, profile="dialogue") for number in range(12)]
    detector({})
    _, broken = masked(tmp_path / "broken", records)
    result = StageResult("masked_corpus", tmp_path, "d", "f", summary=broken.model_dump(mode="json"))
    blocked = second_agrees(result, {})
    assert not blocked.passed
    assert not blocked.warns
    assert "EMAIL_ADDRESS 12" in blocked.reason
    assert "CREDIT_CARD 12" in blocked.reason
    assert broken.pii.missed is not None
    assert broken.pii.missed.overall.missed == broken.pii.missed.overall.planted > 200
    assert not misses_are_known(result, {}).passed
    # The same corpus, with a detector that finds what is in it.
    detector(PEOPLE)
    _, sound = masked(tmp_path / "sound", records)
    assert second_agrees(StageResult("m", tmp_path, "d", "f", summary=sound.model_dump(mode="json")), {}).passed
