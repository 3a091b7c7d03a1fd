"""The inbox: what is put into it is read in the run that its sensor asks for."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from cleo_core.progress import silent
from cleo_core.settings import load
from cleo_model.choices import Choices
from cleo_model.corpus.record import RECORDS, read_records
from cleo_model.corpus.sources.collect import CollectSettings, collect
from cleo_model.errors import UnsafePath
from cleo_model.settings import ModelSettings
from orchestration.defs.corpus.sensors import inbox

pytestmark = pytest.mark.unit

TEXT = "The press is cleaned before the shift ends, and the valve is closed by the guard at night."


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of one source, of the settings."""
    (tmp_path / "own.txt").write_text(f"Our own text. {TEXT}")
    path = tmp_path / "sources.yaml"
    own = {"name": "own", "domain": "prose", "kind": "text", "location": "own.txt", "licence": "ours"}
    path.write_text(json.dumps([own]))
    monkeypatch.setenv("CLEO_MODEL_SOURCES", str(path))
    return path


def asked(cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    with dg.instance_for_test() as instance:
        found = inbox(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found


def test_a_file_in_the_inbox_asks_for_a_run_and_is_read_in_it(home: Path, sources: Path, tmp_path: Path) -> None:
    assert isinstance(asked(), dg.SkipReason)
    assert [source.name for source in Choices.of(load(ModelSettings)).sources] == ["own"]
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    (home / "inbox" / "note.md").write_text(f"# Note\n\n{TEXT}\n")
    (home / "inbox" / ".hidden.md").write_text("Not this.")
    result = asked()
    assert isinstance(result, dg.SensorResult)
    assert len(result.run_requests or []) == 1
    chosen = Choices.of(load(ModelSettings))
    assert [source.name for source in chosen.sources] == ["own", "inbox"]
    collect(CollectSettings(sources=chosen.sources, max_record_bytes=2**20, canaries=0, seed=1), tmp_path, silent)
    found = {record.source: record.text for record in read_records(tmp_path / RECORDS)}
    assert found["inbox"] == f"# Note\n\n{TEXT}"
    assert isinstance(asked(result.cursor), dg.SkipReason)
    (home / "inbox" / "more.jsonl").write_text(json.dumps({"text": TEXT}) + "\n")
    assert isinstance(asked(result.cursor), dg.SensorResult)


def test_an_inbox_without_a_format_that_is_known_is_no_source(home: Path, sources: Path) -> None:
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    (home / "inbox" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert isinstance(asked(), dg.SkipReason)
    assert [source.name for source in Choices.of(load(ModelSettings)).sources] == ["own"]


def test_a_link_in_the_inbox_is_refused(home: Path, sources: Path, tmp_path: Path) -> None:
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    (home / "inbox" / "note.md").symlink_to(tmp_path / "own.txt")
    with pytest.raises(UnsafePath, match=r"note\.md is a link"):
        Choices.of(load(ModelSettings))
    assert "is a link" in str(asked())


def test_a_source_that_is_called_inbox_takes_its_place(home: Path, sources: Path) -> None:
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    (home / "inbox" / "note.md").write_text(TEXT)
    own = {"name": "inbox", "domain": "mail", "location": str(home / "inbox"), "licence": "CC0-1.0"}
    sources.write_text(json.dumps([own]))
    (only,) = Choices.of(load(ModelSettings)).sources
    assert (only.domain, only.licence) == ("mail", "CC0-1.0")


def test_its_domain_and_licence_are_settings(home: Path, sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    (home / "inbox" / "note.md").write_text(TEXT)
    monkeypatch.setenv("CLEO_MODEL_INBOX_DOMAIN", "notes")
    monkeypatch.setenv("CLEO_MODEL_INBOX_LICENCE", "CC-BY-4.0")
    found = Choices.of(load(ModelSettings)).sources[-1]
    assert (found.domain, found.licence) == ("notes", "CC-BY-4.0")
    monkeypatch.setenv("CLEO_MODEL_INBOX_DOMAIN", "no tes")
    assert any("CLEO_MODEL_INBOX_DOMAIN is 'no tes'" in problem for problem in load(ModelSettings).problems())
