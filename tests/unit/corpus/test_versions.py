"""Versions of the corpus: what came, went and changed is told by content, and drift by measures with limits."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cleo_model.corpus.record import HELDOUT, TRAIN, Record, write_records
from cleo_model.corpus.sources.words import words
from cleo_model.corpus.versions.difference import difference, difference_table
from cleo_model.corpus.versions.drift import Limits, divergence, drift, drift_table
from cleo_model.corpus.versions.profile import CorpusProfile, profile_of

pytestmark = pytest.mark.unit


def made(name: str, text: str, source: str = "s", domain: str = "prose") -> Record:
    return Record.make(name=name, source=source, domain=domain, licence="MIT", text=text)


def corpus(folder: Path, records: list[Record]) -> Path:
    folder.mkdir()
    write_records(folder / TRAIN, records)
    write_records(folder / HELDOUT, [])
    return folder


def test_a_moved_record_stays_and_a_new_text_in_an_old_place_is_changed(tmp_path: Path) -> None:
    old = corpus(tmp_path / "old", [made("1", "moves"), made("2", "is changed"), made("3", "goes", "t")])
    new = corpus(tmp_path / "new", [made("0", "is new"), made("2", "was changed"), made("9", "moves")])
    found = difference(old, new)
    assert (found.stayed, found.came, found.went, found.changed) == (1, {"s": 1}, {"t": 1}, {"s": 1})
    assert found.sentence() == "1 records came, 1 went, 1 changed, 1 stayed"
    assert found.examples["changed"] == [made("2", "").id]
    assert "| s | 1 | 0 | 1 |" in difference_table(found)
    assert difference(old, old).same


def test_the_divergence_is_none_for_the_same_and_one_bit_for_nothing_in_common() -> None:
    assert divergence({"a": 3, "b": 1}, {"a": 300, "b": 100}) == 0
    assert divergence({"a": 3}, {"b": 5}) == 1
    assert divergence({"a": 9, "b": 1}, {"a": 10}) == pytest.approx(0.0535, abs=0.01)
    assert divergence({}, {"a": 1}) == 0


def texts(seed: int, count: int, pool: list[str]) -> list[Record]:
    rng = random.Random(seed)
    return [made(f"{seed}-{number}", " ".join(rng.choices(pool, k=rng.randint(20, 60)))) for number in range(count)]


def test_two_halves_of_one_corpus_do_not_drift_and_another_vocabulary_does(tmp_path: Path) -> None:
    pool = sorted(words("canary_words"))
    half = len(pool) // 2
    profiles = {
        name: profile_of(corpus(tmp_path / name, records), {"PERSON": 60})
        for name, records in {
            "one": texts(1, 600, pool[:half]),
            "other": texts(2, 600, pool[:half]),
            "foreign": texts(3, 600, pool[half:]),
        }.items()
    }
    steady = drift(profiles["one"], profiles["other"], Limits())
    assert [measure.state for measure in steady] == ["steady"] * 4
    assert max(measure.value for measure in steady[:3]) < 0.01
    (vocabulary,) = (m for m in drift(profiles["one"], profiles["foreign"], Limits()) if m.name == "vocabulary")
    assert vocabulary.state == "blocks"
    assert "| vocabulary |" in drift_table([vocabulary])


def test_each_measure_tells_what_changed_most() -> None:
    common = {"records": 500, "words": 50_000, "lengths": {"512": 500}, "vocabulary": [50_000, *[0] * 1023]}
    old = CorpusProfile(**common, domains={"prose": 100}, pii={"PERSON": 100})
    new = CorpusProfile(**common, domains={"prose": 50, "poems": 50}, pii={"PERSON": 100, "IBAN_CODE": 600})
    by_name = {measure.name: measure for measure in drift(old, new, Limits())}
    assert by_name["domains"].state == "blocks"
    assert by_name["domains"].most == "poems: 0% → 50%"
    assert by_name["personal data"].state == "blocks"
    assert by_name["personal data"].value == pytest.approx(7, abs=0.1)
    assert "IBAN_CODE 0.0 → 120.0" in by_name["personal data"].most
    assert by_name["lengths"].state == by_name["vocabulary"].state == "steady"


def test_a_handful_of_records_is_too_little_to_tell() -> None:
    small = CorpusProfile(records=5, words=200, domains={"prose": 10}, lengths={"16": 5}, vocabulary=[200], pii={})
    other = CorpusProfile(records=5, words=200, domains={"prose": 10}, lengths={"512": 5}, vocabulary=[0, 200], pii={})
    assert [m.state for m in drift(small, other, Limits())] == ["too little to tell"] * 4
