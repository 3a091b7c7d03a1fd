"""`cleo subject`, over a real registry and audit log: who learned from a person, and taking that person out."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cleo_core import audit, clock, registry
from cleo_core.commands.subject import subject as command
from cleo_core.crypto.errors import SignatureInvalid, UntrustedKey
from cleo_core.crypto.keys import create, create_secret
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.errors import CleoError, ConfigError
from cleo_core.progress import silent
from cleo_core.provenance.errors import BundleChanged, LearnedFromErased, StateDamaged
from cleo_core.registry import tracking
from cleo_core.registry.pull import inspected
from cleo_core.settings import load
from cleo_core.stage.execution import StageResult
from cleo_core.subject import erasures, marks
from cleo_core.subject.identity import Pseudonyms
from cleo_core.subject.index import BUNDLED, SUBJECTS
from cleo_model.choices import Choices
from cleo_model.corpus.record import HELDOUT, TRAIN, read_records
from cleo_model.corpus.sources.folder import TextSummary
from cleo_model.corpus.sources.reading import ERASED
from cleo_model.corpus.sources.source import Source
from cleo_model.pipeline import TEXT
from cleo_model.recipes import get
from cleo_model.settings import ModelSettings
from cleo_model.train import launch
from orchestration.defs.release.bundle import copy_corpus_facts
from orchestration.review.cli import review
from tests.trust_bundles import Registered, register_bundle, stored_files

pytestmark = pytest.mark.integration

ANN, BEN = "Ann@Example.org", "ben-17"


def run(*arguments: str, given: str | None = None, on: Any = command) -> Result:
    result = CliRunner().invoke(on, list(arguments), input=given)
    if isinstance(result.exception, CleoError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def keyed(store: Path) -> Path:
    create_secret("subject")
    return store


@pytest.fixture
def tickets(keyed: Path, tmp_path: Path) -> Path:
    """Forty records of Ann and forty of Ben."""
    rows = [
        {"text": f"Ticket {number}: the pump in hall {number} stands still again.", "author": (ANN, BEN)[number % 2]}
        for number in range(80)
    ]
    file = tmp_path / "tickets.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def corpus(tickets: Path) -> StageResult:
    """The text as `cleo train --data` reads it, in the home folder."""
    source = Source(
        name="tickets", domain="prose", kind="jsonl", location=str(tickets), licence="own", subject="author"
    )
    choices = Choices.of(load(ModelSettings), recipe=get("tiny"), base_model="tiny", text=(source,))
    return TEXT.run(choices, {}, silent, launch)


def people(result: StageResult) -> set[str]:
    return {record.subject for name in (TRAIN, HELDOUT) for record in read_records(result.path / name)}


def learned(place: Path, made: StageResult | None = None, seed: int = 1) -> Registered:
    """A registered version whose bundle says that it learned from a corpus."""
    subjects = json.loads((made.path / SUBJECTS).read_text())["subjects"] if made else None
    return register_bundle(place, seed=seed, subjects=subjects)


def release(version: Registered, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the release of the chain does it, without the model's smoke test."""
    version.decide()
    registry.promote(version.version)
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: clock.parse(at))
        audit.record("model.released", actor="pipeline", subject=f"cleo/{version.version}")


def test_a_trace_names_corpora_versions_and_when_they_served(
    tickets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = corpus(tickets)
    release(learned(tmp_path, made), "2026-01-01T00:00:00Z", monkeypatch)
    release(learned(tmp_path, seed=2), "2026-02-01T00:00:00Z", monkeypatch)
    release(learned(tmp_path, made, seed=3), "2026-03-01T00:00:00Z", monkeypatch)
    told = json.loads(run("trace", f" {ANN.lower()} ", "--json").stdout)
    (found,) = told["corpora"]
    assert found["digest"] == made.digest
    assert sum(found["records"].values()) == 40
    assert [(one["version"], one["records"]) for one in told["versions"]] == [
        (3, found["records"]["train"]), (1, found["records"]["train"])
    ]  # fmt: skip
    assert told["versions"][0]["aliases"] == ["candidate", "champion"]
    assert told["served"] == [
        {"version": 1, "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"},
        {"version": 3, "since": "2026-03-01T00:00:00Z", "until": None},
    ]
    shown = run("trace", "-", given=f"{ANN}\n").stdout
    assert "| text_corpus |" in shown
    assert "| 3 | 2026-03-01T00:00:00Z | now |" in shown
    assert ANN.lower() not in shown.lower()


def test_a_trace_follows_what_was_made_from_a_corpus(tickets: Path, home: Path) -> None:
    from cleo_core.stage.execution import run_stage

    made = corpus(tickets)
    packed = run_stage("curriculum", {"inputs": {"masked_corpus": made.digest}}, _filled)
    trained = run_stage("foundation", {"inputs": {"curriculum": packed.digest}}, _filled)
    run_stage("curriculum", {"inputs": {"masked_corpus": "of others"}}, _filled)
    told = json.loads(run("trace", ANN, "--json").stdout)
    assert [one["path"] for one in told["made"]] == [str(packed.path), str(trained.path)]
    # What `cleo train` left in another folder is looked into where it is named.
    shutil.move(home / "data", home / "out" / ".work")
    assert run("trace", ANN).exit_code == 1
    assert len(json.loads(run("trace", ANN, "--train-dir", str(home / "out"), "--json").stdout)["made"]) == 2


def _filled(out: Path) -> dict[str, Any]:
    (out / "content").write_text(str(out))
    return {}


def test_an_unknown_person_is_told_by_the_exit_code_and_not_named(tickets: Path) -> None:
    corpus(tickets)
    told = run("trace", "nobody@example.org")
    assert told.exit_code == 1
    assert "Nothing that is known here" in told.output
    assert "nobody" not in told.output
    assert run("trace", BEN).exit_code == 0
    with pytest.raises(CleoError, match="The id is empty"):
        run("trace", "  ")


def test_an_erased_person_is_in_no_later_corpus_though_the_source_holds_the_records(tickets: Path) -> None:
    before = corpus(tickets)
    assert people(before) == {Pseudonyms()(ANN), Pseudonyms()(BEN)}
    assert corpus(tickets).reused
    run("erase", ANN, "--yes", "--reason", "asked for it")
    after = corpus(tickets)
    assert not after.reused
    assert people(after) == {Pseudonyms()(BEN)}
    (account,) = TextSummary.of(after).accounts
    assert (account.kept, account.dropped[ERASED].count) == (40, 40)
    # The records of others are those that they were, in the part that they were in.
    kept = [record for record in read_records(before.path / TRAIN) if record.subject == Pseudonyms()(BEN)]
    assert [record.text for record in kept] == [record.text for record in read_records(after.path / TRAIN)]
    assert corpus(tickets).reused


def test_an_erasure_is_shown_first_asked_for_and_made_once(tickets: Path, tmp_path: Path) -> None:
    learned(tmp_path, corpus(tickets))
    dry = run("erase", ANN, "--dry-run").output
    assert "| text_corpus |" in dry
    assert "Nothing was changed." in dry
    assert run("erase", ANN, given="n\n").exit_code == 1
    assert not erasures.known()
    first = run("erase", ANN, "--yes", "--receipt", str(tmp_path / "receipt.json"))
    again = run("erase", ANN, "--reason", "once more")
    assert json.loads(first.stdout) == json.loads(again.stdout) == json.loads((tmp_path / "receipt.json").read_text())
    assert len(audit.open_log().events(erasures.EVENT)) == 1
    assert audit.open_log().verify().holds
    (record,) = audit.open_log().events(erasures.EVENT)
    assert ANN not in json.dumps(record)


def test_somebody_who_is_not_known_yet_can_be_erased(tickets: Path) -> None:
    assert "Nothing that is known here" in run("erase", ANN, "--yes").output
    assert people(corpus(tickets)) == {Pseudonyms()(BEN)}


def test_a_receipt_verifies_and_one_flipped_byte_does_not(tickets: Path, tmp_path: Path) -> None:
    corpus(tickets)
    file = tmp_path / "receipt.json"
    run("erase", ANN, "--yes", "--receipt", str(file))
    told = run("verify", str(file)).output
    assert "✓ signed" in told
    assert "✓ record 0 of the audit log" in told
    envelope = json.loads(file.read_text())
    body = envelope["payload"]
    for place in (10, len(body) // 2, len(body) - 10):
        flipped = body[:place] + ("A" if body[place] != "A" else "B") + body[place + 1 :]
        file.write_text(json.dumps(envelope | {"payload": flipped}))
        with pytest.raises(SignatureInvalid) as error:
            run("verify", str(file))
        assert error.value.exit_code == 5
    # A record of another kind, signed by the same key, is no receipt.
    file.write_text(json.dumps(audit.open_log().prove(0)["checkpoint"]))
    with pytest.raises(SignatureInvalid):
        run("verify", str(file))


def test_a_bundle_takes_along_whose_records_its_corpus_holds(tickets: Path, tmp_path: Path) -> None:
    made = corpus(tickets)
    (made.path / "manifest.json").write_text("{}")
    copy_corpus_facts(made.path, tmp_path)
    assert (tmp_path / BUNDLED).read_bytes() == (made.path / SUBJECTS).read_bytes()
    (made.path / SUBJECTS).unlink()
    (tmp_path / BUNDLED).unlink()
    copy_corpus_facts(made.path, tmp_path)  # a corpus that knows of nobody
    assert not (tmp_path / BUNDLED).exists()


def test_review_shows_the_mark_and_the_registry_has_it_as_a_tag(tickets: Path, tmp_path: Path) -> None:
    made = corpus(tickets)
    learned(tmp_path, made)
    learned(tmp_path, seed=2)
    assert "erased" not in run("show", "1", on=review).output
    run("erase", ANN, "--yes")
    assert "! learned from a person who was erased" in run("show", "1", on=review).output
    assert "erased" not in run("show", "2", on=review).output
    assert registry.resolve(1).tags[marks.SHOWN] == "1"
    # Whoever may set tags can take it out; what the reviewer reads follows from the signed bundle and the log.
    with tracking() as mlflow:
        for name in registry.resolve(1).tags:
            if name.startswith("cleo.eras"):
                mlflow.delete_model_version_tag("cleo", "1", name)
    assert "! learned from a person who was erased" in run("show", "1", on=review).output
    run("erase", ANN)
    assert registry.resolve(1).tags[marks.SHOWN] == "1"
    # A model that was in training meanwhile is marked when it is registered.
    late = registry.resolve(learned(tmp_path, made, seed=3).version)
    assert [one.subject for one in marks.mark(late, marks.learned_from(late))] == [Pseudonyms()(ANN)]


def test_an_erasure_cannot_be_taken_back_in_silence(tickets: Path, tmp_path: Path, home: Path) -> None:
    learned(tmp_path, corpus(tickets))
    run("erase", ANN, "--yes")
    (file,) = (home / "erasures").iterdir()
    whole = file.read_text()
    file.unlink()  # the audit log holds it too
    assert people(corpus(tickets)) == {Pseudonyms()(BEN)}
    assert file.read_text() == whole
    # One that was forged stops what would have heeded it.
    (home / "erasures" / "forged.json").write_text(whole.replace('"sig": "', '"sig": "AA'))
    (home / "erasures" / "forged.json").chmod(0o600)
    with pytest.raises(StateDamaged, match="forged"):
        corpus(tickets)


def test_a_revoked_key_brings_nobody_back(tickets: Path, tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    run("erase", ANN, "--yes", "--receipt", str(file))
    create("audit", "second")
    (key,) = [key for key in TrustStore().keys("audit") if key.name == "log"]
    TrustStore().revoke(key)
    assert people(corpus(tickets)) == {Pseudonyms()(BEN)}
    with pytest.raises(UntrustedKey):  # as a proof towards others it holds no more
        run("verify", str(file))


def test_another_subject_key_is_refused_for_it_would_bring_the_erased_back(tickets: Path, home: Path) -> None:
    run("erase", ANN, "--yes")
    key = home / "keys" / "secret" / "subject.key"
    kept = key.read_bytes()
    key.unlink()
    create_secret("subject")
    with pytest.raises(ConfigError, match="1 people were erased under the subject key"):
        corpus(tickets)
    key.write_bytes(kept)
    assert people(corpus(tickets)) == {Pseudonyms()(BEN)}


def test_a_list_of_subjects_that_was_changed_is_told(tickets: Path, tmp_path: Path, home: Path) -> None:
    made = corpus(tickets)
    version = learned(tmp_path, made)
    stored = stored_files(home, version) / "bundle" / BUNDLED
    whole = stored.read_bytes()
    for change in (lambda: stored.write_bytes(whole.replace(b"train", b"tried")), stored.unlink):
        change()
        with pytest.raises(BundleChanged), inspected(registry.resolve(1), only=(BUNDLED,)):
            pass
        told = run("erase", ANN, "--yes")
        assert told.exit_code == 3
        assert "Not looked into: version 1: The bundle is not what was signed" in told.output
        stored.write_bytes(whole)
    assert run("erase", ANN).exit_code == 0
    (made.path / SUBJECTS).write_text('{"version": 1, "subjects": {}}')
    told = json.loads(run("trace", ANN, "--json").stdout)
    assert told["corpora"] == []
    (unread,) = told["unread"]
    assert "was changed after it was made" in unread
    (made.path.parent / "stage.json").write_text("{")
    assert "cannot be read" in json.loads(run("trace", ANN, "--json").stdout)["unread"][0]


def test_serving_may_refuse_after_some_days(
    tickets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    learned(tmp_path, corpus(tickets))
    people_in = marks.learned_from(registry.resolve(1))
    marks.refuse_after(0, 1, people_in)
    run("erase", ANN, "--yes")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=29.9))
    marks.refuse_after(30, 1, people_in)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=30.1))
    with pytest.raises(LearnedFromErased, match="served for 30 days at most") as error:
        marks.refuse_after(30, 1, people_in)
    assert "cleo run" in (error.value.hint or "")
    marks.refuse_after(30, 1, {Pseudonyms()(BEN)})
    # On a machine that has neither the erasure nor the log, the signed tag tells, and is remembered from then on.
    shutil.rmtree(home / "erasures")
    shutil.rmtree(home / "audit")
    audit.log._open.cache_clear()
    with pytest.raises(LearnedFromErased):
        marks.refuse_after(30, 1, people_in)
    assert len(list((home / "erasures").iterdir())) == 1


def test_a_receipt_is_accepted_on_another_machine(tickets: Path, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "receipt.json"
    run("erase", ANN, "--yes", "--receipt", str(file))
    for name in ("erasures", "audit", "checkpoints"):
        shutil.rmtree(home / name)
    audit.log._open.cache_clear()
    assert ANN not in (accepted := run("accept", str(file)).output)
    assert "is erased here too" in accepted
    assert people(corpus(tickets)) == {Pseudonyms()(BEN)}
    assert run("accept", str(file)).exit_code == 0
    assert len(audit.open_log().events(erasures.EVENT)) == 1
