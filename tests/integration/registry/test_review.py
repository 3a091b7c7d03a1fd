"""`cleo review` and `cleo verify`, end to end over a real registry: decisions are signed, recorded, and provable."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cleo_core import audit, registry
from cleo_core.audit import log
from cleo_core.commands.verify import verify
from cleo_core.crypto.errors import KeyMissing, UntrustedKey
from cleo_core.crypto.keys import DEVELOPMENT, create, ensure_development_keys
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.digest import sha256_file
from cleo_core.errors import CleoError, ConfigError, InputError
from cleo_core.proof import replies
from cleo_core.proof.walk import walk
from cleo_core.provenance.bundle import sign
from cleo_core.provenance.errors import BundleChanged, NotApproved, Rejected
from cleo_core.registry.errors import VersionNotFound
from cleo_core.registry.pull import pull
from cleo_core.stage.execution import run_stage
from orchestration.review.cli import review
from orchestration.review.decide import approve_as_developer
from tests.trust_bundles import Registered, make_bundle, register_bundle

pytestmark = pytest.mark.integration


def run(command: click.Command, *arguments: str, given: str | None = None) -> Result:
    result = CliRunner().invoke(command, list(arguments), input=given)
    if isinstance(result.exception, CleoError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_reviewer_lists_reads_and_approves(registered: Registered) -> None:
    assert "1  pending" in run(review, "list").output
    shown = run(review, "show", "1").output
    assert "# Card" in shown
    assert "✓ signed with 'release': 7 files" in shown
    said = run(review, "approve", "1", "--reason", "better", "--days", "30", "--yes").output
    assert "Approved version 1 as ada" in said
    assert "approve by ada" in run(review, "show", "candidate").output
    assert "Nothing waits" in run(review, "list").output
    assert json.loads(run(review, "list", "--all", "--json").output)[0]["review"] == "approved"
    registry.promote(1)
    assert pull().approved_by == "ada"


def test_a_reviewer_reads_the_signed_card_and_not_what_the_registry_says(store: Path, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "honest" / "bundle")
    (bundle / "card.md").write_text("# Card\n\nLeaks a canary. \x1b[8mhidden\x1b[0m \u202egnp\n")
    sign(bundle, tmp_path / "honest" / "bundle.sig")
    registry.register(bundle, tmp_path / "honest" / "bundle.sig", (bundle / "card.md").read_text())
    shown = run(review, "show", "1").output
    assert "Leaks a canary." in shown
    assert not {"\x1b", "\u202e"} & set(shown), "a terminal obeys these"
    assert "in other words" not in shown
    with registry.tracking() as mlflow:
        mlflow.update_model_version("cleo", "1", description="# Card\n\nFlawless.\x1b[2J")
    assert registry.resolve(1).description.endswith("Flawless.\x1b[2J")
    shown = run(review, "show", "1").output
    assert "Leaks a canary." in shown
    assert "Flawless" not in shown
    assert "in other words" in shown


@pytest.mark.parametrize(("days", "code"), [("730", 0), ("731", 2), ("1e9", 2), ("0", 2), ("nan", 2)])
def test_an_approval_lasts_two_years_at_most(registered: Registered, days: str, code: int) -> None:
    assert run(review, "approve", "1", "--days", days, "--yes").exit_code == code
    assert registry.resolve(1).review == ("pending" if code else "approved")


def test_a_decision_is_in_the_audit_log_with_its_reason(registered: Registered) -> None:
    run(review, "approve", "1", "--reason", "better", "--yes")
    record = audit.open_log().find("cleo/1")[-1]
    assert (record["event"], record["actor"], record["details"]["reason"]) == ("review.approve", "ada", "better")
    assert record["details"]["bundle"] == registered.signed.digest


def test_a_reviewer_is_asked_before_signing(registered: Registered) -> None:
    assert run(review, "approve", "1", given="n\n").exit_code == 1
    assert registry.resolve(1).review == "pending"
    assert run(review, "approve", "1", given="y\n").exit_code == 0


def test_rejecting_and_revoking_end_in_a_refusal_to_serve(registered: Registered) -> None:
    registry.promote(1)
    run(review, "reject", "1", "--reason", "worse", "--yes")
    with pytest.raises(Rejected, match="worse"):
        pull()
    run(review, "approve", "1", "--yes")
    run(review, "revoke", "1", "--reason", "leak", "--yes")
    with pytest.raises(NotApproved, match="leak"):
        pull()


def test_a_bundle_that_was_changed_cannot_be_approved(registered: Registered, store: Path) -> None:
    folder = store / "mlflow" / "artifacts" / "models" / registry.resolve(1).model_id / "artifacts" / "bundle"
    with (folder / "card.md").open("a") as handle:
        handle.write("and it is the best")
    for command in ("show", "approve"):
        with pytest.raises(BundleChanged):
            run(review, command, "1", *(["--yes"] if command == "approve" else []))
    assert registry.resolve(1).review == "pending"


def test_a_model_that_failed_its_gate_needs_more_than_a_yes(store: Path, tmp_path: Path) -> None:
    register_bundle(tmp_path, seed=3, verdict=False)
    with pytest.raises(InputError, match="did not pass its gate"):
        run(review, "approve", "1", "--yes")
    run(review, "reject", "1", "--yes")
    run(review, "approve", "1", "--yes", "--despite-verdict", "--reason", "the gate's data was wrong")
    assert registry.resolve(1).review == "approved"


@pytest.mark.parametrize(
    "report",
    [{}, {"verdict": {}}, {"verdict": {"passed": None}}, {"verdict": {"passed": "true"}}, {"verdict": "passed"},
     {"passed": True}],
)  # fmt: skip
def test_a_report_without_a_verdict_does_not_pass(store: Path, tmp_path: Path, report: dict[str, Any]) -> None:
    bundle = make_bundle(tmp_path / "made" / "bundle")
    stated = json.loads((bundle / "eval_report.json").read_text())
    (bundle / "eval_report.json").write_text(json.dumps(report))
    sign(bundle, tmp_path / "bundle.sig")
    registry.register(bundle, tmp_path / "bundle.sig", "")
    with pytest.raises(InputError, match="states no verdict"):
        run(review, "approve", "1", "--yes")
    assert registry.resolve(1).review == "pending"
    assert next(link for link in walk("1").links if link.name == "evaluation").holds is False
    # The same bundle with the verdict in its report is approved.
    (bundle / "eval_report.json").write_text(json.dumps(stated))
    sign(bundle, tmp_path / "bundle.sig")
    registry.register(bundle, tmp_path / "bundle.sig", "")
    run(review, "approve", "2", "--yes")
    assert registry.resolve(2).review == "approved"


def test_a_key_that_the_trust_store_does_not_know_decides_nothing(registered: Registered, store: Path) -> None:
    create("reviewer", "eve")
    next((store / "trust" / "reviewer").glob("eve-*.json")).unlink()
    with pytest.raises(UntrustedKey):
        run(review, "approve", "1", "--key", "eve", "--yes")
    with pytest.raises(KeyMissing):
        run(review, "approve", "1", "--key", "nobody", "--yes")
    assert registry.resolve(1).review == "pending"


def test_a_reviewers_key_on_a_stick_is_asked_for_its_passphrase(registered: Registered, tmp_path: Path) -> None:
    create("reviewer", "bob", path=tmp_path / "stick" / "k.pem", passphrase=b"horse")
    said = run(review, "approve", "1", "--key-file", str(tmp_path / "stick" / "k.pem"), "--yes", given="horse\n").output
    assert "as bob" in said, "the name is the one that the trust store knows, not the file's"
    registry.promote(1)
    assert pull().approved_by == "bob"


def test_a_version_that_is_not_there_is_said(registered: Registered) -> None:
    for command in (["show", "9"], ["approve", "9", "--yes"]):
        with pytest.raises(VersionNotFound, match="no version 9"):
            run(review, *command)


def test_a_rollback_is_signed_and_served(registered: Registered, tmp_path: Path) -> None:
    run(review, "approve", "1", "--yes")
    registry.promote(1)
    with pytest.raises(InputError, match="is not older"):
        run(review, "rollback", "1", "--yes")
    register_bundle(tmp_path, seed=2)
    run(review, "approve", "2", "--yes")
    registry.promote(2)
    assert pull().version == 2
    assert "instead of 2" in run(review, "rollback", "1", "--reason", "too slow", "--yes").output
    assert pull().version == 1
    assert audit.open_log().find("cleo/1")[-1]["event"] == "review.rollback"


def test_a_rollback_to_what_nobody_approved_is_refused(registered: Registered, tmp_path: Path) -> None:
    register_bundle(tmp_path, seed=2)
    run(review, "approve", "2", "--yes")
    registry.promote(2)
    with pytest.raises(NotApproved):
        run(review, "rollback", "1", "--yes")


def test_the_development_reviewer_approves_in_development_only(
    home: Path, empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_development_keys()
    (home / "mlflow").mkdir()
    shutil.copy(empty_store, home / "mlflow" / "mlflow.db")
    register_bundle(tmp_path)
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    with pytest.raises(ConfigError, match="production"):
        approve_as_developer(1)
    monkeypatch.setenv("CLEO_ENVIRONMENT", "development")
    assert approve_as_developer(1).reviewer == DEVELOPMENT["reviewer"]
    registry.promote(1)
    pull().release()
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    with pytest.raises(UntrustedKey, match="development key"):
        pull()


@pytest.fixture
def chain(store: Path, tmp_path: Path) -> Registered:
    """A champion whose lineage leads to real stage folders on this machine."""

    def corpus(out: Path) -> dict[str, Any]:
        (out / "train.jsonl").write_text('{"text": "hello"}\n')
        files = {"train.jsonl": sha256_file(out / "train.jsonl")}
        manifest = {"records": 1, "sources": {"prose": {}}, "files": files}
        (out / "manifest.json").write_text(json.dumps(manifest))
        return {}

    masked = run_stage("masked_corpus", {"n": 1}, corpus)
    folder = make_bundle(tmp_path / "chain" / "bundle", gguf=True)
    shutil.copy(masked.path / "manifest.json", folder / "corpus_manifest.json")
    stages = {"masked_corpus": {"digest": masked.digest, "fingerprint": masked.fingerprint}}
    stages["foundation"] = {"digest": "c" * 64, "fingerprint": "d" * 64}
    (folder / "lineage.json").write_text(json.dumps({"stages": stages, "base_model": {"digest": "e" * 64}}))
    signature = folder.parent / "bundle.sig"
    signed = sign(folder, signature)
    version = registry.register(folder, signature, "# Decision")
    run(review, "approve", str(version), "--yes")
    registry.promote(version)
    return Registered(version, folder, signature, signed)


def _corpus(store: Path) -> Path:
    return next((store / "data" / "masked_corpus").glob("*/content"))


def _reply(chain: Registered, **changes: Any) -> str:
    approval = next(key for key in registry.resolve(1).tags if key.startswith(registry.DECISION_TAG))
    fields = {
        "id": "reply-0001", "model": "cleo", "version": chain.version, "bundle_digest": chain.signed.digest,
        "approval_id": approval.removeprefix(registry.DECISION_TAG),
    }  # fmt: skip
    reply = replies.Reply(**(fields | changes))
    replies.append(reply)
    return reply.id


def test_a_proof_walks_from_a_reply_to_the_bytes_of_the_corpus(chain: Registered) -> None:
    result = run(verify, _reply(chain))
    assert result.exit_code == 0, result.output
    for link in ("reply", "model version", "bundle signature", "approval", "evaluation", "lineage", "corpus manifest"):
        assert f"✓ {link}" in result.output
    assert "✓ audit log" in result.output
    assert "✓ stage masked_corpus" in result.output
    assert "– stage foundation" in result.output, "a stage that is elsewhere is neither held for whole nor for broken"
    assert "The proof holds." in result.output


@pytest.mark.parametrize("about", ["1", "champion", "candidate"])
def test_a_proof_starts_from_a_version_or_an_alias_too(chain: Registered, about: str) -> None:
    told = json.loads(run(verify, about, "--json").output)
    assert told["holds"] is True
    assert told["links"][0]["name"] == "model version"


def _broken(about: str) -> dict[str, str]:
    result = run(verify, about, "--json")
    assert result.exit_code == 5
    told = json.loads(result.output)
    assert told["holds"] is False
    return {link["name"]: link["detail"] for link in told["links"] if link["holds"] is False}


def test_a_changed_corpus_breaks_the_proof_at_the_corpus(chain: Registered, store: Path) -> None:
    assert walk("1").holds
    (_corpus(store) / "train.jsonl").write_text('{"text": "other"}\n')
    assert set(_broken("1")) == {"stage masked_corpus", "corpus manifest"}
    assert "✗" in run(verify, "1").output


def test_another_manifest_breaks_the_proof_at_the_corpus(chain: Registered, store: Path) -> None:
    (_corpus(store) / "manifest.json").write_text("{}")
    assert "another manifest" in _broken("1")["corpus manifest"]


def test_a_corpus_that_was_made_anew_is_not_the_one_the_model_saw(chain: Registered, store: Path) -> None:
    record = _corpus(store).parent / "stage.json"
    told = json.loads(record.read_text())
    (_corpus(store) / "manifest.json").write_text("{}")
    from cleo_core.digest import tree_digest

    told["digest"] = tree_digest(_corpus(store))[0]
    record.write_text(json.dumps(told))
    assert "was made from" in _broken("1")["stage masked_corpus"]


def test_a_corpus_elsewhere_is_said_to_be_elsewhere(chain: Registered, store: Path) -> None:
    shutil.rmtree(store / "data")
    result = run(verify, "1")
    assert result.exit_code == 0
    assert "– corpus manifest" in result.output


@pytest.mark.parametrize("name", ["model.safetensors", "model.gguf"])
def test_a_flipped_byte_breaks_the_proof_at_the_signature(chain: Registered, store: Path, name: str) -> None:
    folder = store / "mlflow" / "artifacts" / "models" / registry.resolve(1).model_id / "artifacts" / "bundle"
    raw = bytearray((folder / name).read_bytes())
    raw[-1] ^= 1
    (folder / name).write_bytes(raw)
    assert f"changed: {name}" in _broken("1")["bundle signature"]


def test_a_revoked_model_breaks_the_proof_of_its_replies_at_the_approval(chain: Registered) -> None:
    reply = _reply(chain)
    run(review, "revoke", "1", "--reason", "leak", "--yes")
    broken = _broken(reply)
    assert set(broken) == {"approval"}
    assert "leak" in broken["approval"]


@pytest.mark.parametrize(
    ("changes", "link"),
    [
        ({"bundle_digest": "0" * 64}, "reply"),
        ({"model": "other"}, "reply"),
        ({"approval_id": "0" * 36}, "approval of the reply"),
        ({"at": "2020-01-01T00:00:00Z"}, "approval of the reply"),
    ],
)
def test_a_reply_that_does_not_fit_its_model_breaks_the_proof(
    chain: Registered, changes: dict[str, Any], link: str
) -> None:
    assert set(_broken(_reply(chain, **changes))) == {link}


def test_a_reply_of_a_version_that_is_gone_breaks_the_proof(chain: Registered) -> None:
    assert set(_broken(_reply(chain, version=9))) == {"model version"}


def test_a_rejection_is_not_an_approval_of_the_reply(chain: Registered) -> None:
    run(review, "reject", "1", "--yes")
    rejection = next(
        record.removeprefix(registry.DECISION_TAG)
        for record in registry.resolve(1).tags
        if record.startswith(registry.DECISION_TAG) and record not in _before(chain)
    )
    assert "approval of the reply" in _broken(_reply(chain, approval_id=rejection))


def _before(chain: Registered) -> set[str]:
    record = audit.open_log().find("cleo/1")[0]
    return {registry.DECISION_TAG + record["details"]["approval"]}


def test_a_model_that_failed_its_gate_shows_in_the_proof(store: Path, tmp_path: Path) -> None:
    register_bundle(tmp_path, seed=3, verdict=False)
    run(review, "approve", "1", "--yes", "--despite-verdict")
    assert "evaluation" in _broken("1")


def test_a_decision_made_on_another_machine_is_said_to_be(chain: Registered, store: Path) -> None:
    audit.open_log().close()
    log._open.cache_clear()
    shutil.rmtree(store / "audit")
    assert "– audit log" in run(verify, "1").output


LINEAGES: dict[str, Any] = {
    "no stages": {},
    "a stage that points elsewhere": {"stages": {"../../etc": {"digest": "a" * 64, "fingerprint": "b" * 64}}},
    "a stage without a fingerprint": {"stages": {"masked_corpus": {"digest": "a" * 64}}},
    "stages that are a list": {"stages": [1]},
    "no masked corpus": {"stages": {"foundation": {"digest": "a" * 64, "fingerprint": "b" * 64}}},
}


@pytest.mark.parametrize("what", LINEAGES)
def test_a_lineage_that_leads_nowhere_breaks_the_proof_and_not_the_command(
    store: Path, tmp_path: Path, what: str
) -> None:
    folder = make_bundle(tmp_path / "odd" / "bundle")
    (folder / "lineage.json").write_text(json.dumps(LINEAGES[what]))
    sign(folder, folder.parent / "bundle.sig")
    registry.register(folder, folder.parent / "bundle.sig", "")
    run(review, "approve", "1", "--yes")
    broken = [link.name for link in walk("1").links if link.holds is False]
    assert broken
    assert "evaluation" not in broken


@pytest.mark.parametrize("about", ["nothing", "99", "../../etc/passwd", "reply-9999", "x" * 500])
def test_what_is_neither_reply_nor_version_is_one_clear_line(chain: Registered, about: str) -> None:
    with pytest.raises(InputError, match="no reply, version or alias"):
        run(verify, about)


def test_a_retired_reviewers_decisions_are_still_shown(registered: Registered) -> None:
    run(review, "approve", "1", "--yes")
    for key in TrustStore().keys("reviewer"):
        TrustStore().retire(key)
    assert "approve by ada" in run(review, "show", "1").output
    assert os.environ["CLEO_HOME"]
