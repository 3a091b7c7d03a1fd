"""From an alias to files that may be loaded: every attack on the way is refused with its own error."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from cleo_core import registry
from cleo_core.crypto.errors import SignatureMissing, UntrustedKey
from cleo_core.crypto.keys import create, load_private
from cleo_core.crypto.private_file import replace_file
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.errors import CleoError, ConfigError, EnvironmentFault, InputError, TrustError
from cleo_core.provenance import approval, high_water
from cleo_core.provenance.errors import (
    ApprovalExpired,
    ApprovalInvalid,
    ApprovalMismatch,
    BundleChanged,
    BundleContent,
    NotApproved,
    RegistryError,
    Rejected,
    Revoked,
    StateDamaged,
    UnsafeArtifact,
    VersionNotFound,
    VersionReplaced,
    VersionRollback,
)
from cleo_core.provenance.verify import pull
from cleo_core.registry_mlflow import tracking
from tests.trust_bundles import Registered, register_bundle

pytestmark = pytest.mark.security


@pytest.fixture
def champion(registered: Registered) -> Registered:
    """Version 1, approved and champion."""
    registered.decide()
    registry.promote(registered.version)
    return registered


def _stored(home: Path, version: Registered | int) -> Path:
    """Where the registry keeps the files of a version."""
    number = version if isinstance(version, int) else version.version
    return home / "mlflow" / "artifacts" / "models" / registry.resolve(number).model_id / "artifacts"


def _next(tmp_path: Path, seed: int, **changes: Any) -> Registered:
    """A newer version, approved and champion."""
    made = register_bundle(tmp_path, seed=seed)
    made.decide(**changes)
    registry.promote(made.version)
    return made


def test_an_approved_champion_is_pulled_and_says_all_about_itself(champion: Registered) -> None:
    model = pull()
    assert (model.name, model.version, model.approved_by) == ("cleo", 1, "ada")
    assert model.bundle_digest == champion.signed.digest
    assert registry.RECORD + model.approval_id in registry.resolve(1).tags
    assert sorted(path.name for path in model.path.iterdir()) == sorted(champion.signed.files)
    model.confirm(deep=True)
    model.release()
    assert not model.path.exists()


def test_what_is_pulled_is_private_and_read_only(champion: Registered) -> None:
    model = pull()
    assert model.path.parent.stat().st_mode & 0o777 == 0o700
    assert model.path.stat().st_mode & 0o777 == 0o500
    assert {path.stat().st_mode & 0o777 for path in model.path.iterdir()} == {0o400}
    assert {path.stat().st_nlink for path in model.path.iterdir()} == {1}


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "eval_report.json"])
def test_one_flipped_byte_in_the_registry_is_refused(champion: Registered, store: Path, name: str) -> None:
    pull().release()
    file = _stored(store, champion) / "bundle" / name
    raw = bytearray(file.read_bytes())
    raw[-2] ^= 1
    file.write_bytes(raw)
    with pytest.raises((BundleChanged, BundleContent), match=name.replace(".", r"\.")):
        pull()
    assert list((store / "pulled").iterdir()) == []


def test_a_removed_and_an_added_file_are_refused(champion: Registered, store: Path) -> None:
    folder = _stored(store, champion) / "bundle"
    (folder / "merges.txt").write_text("")
    with pytest.raises(BundleChanged, match="added"):
        pull()
    (folder / "merges.txt").unlink()
    pull().release()
    (folder / "card.md").unlink()
    with pytest.raises(CleoError, match=r"card\.md"):
        pull()


def test_a_link_in_the_registry_is_refused_before_anything_is_copied(
    champion: Registered, store: Path, tmp_path: Path
) -> None:
    file = _stored(store, champion) / "bundle" / "card.md"
    shutil.move(file, tmp_path / "card.md")
    file.symlink_to(tmp_path / "card.md")
    with pytest.raises(UnsafeArtifact, match="link"):
        pull()


def test_a_pipe_in_the_registry_is_refused_and_not_waited_for(champion: Registered, store: Path) -> None:
    os.mkfifo(_stored(store, champion) / "bundle" / "vocab.txt")
    with pytest.raises(UnsafeArtifact, match="special file"):
        pull()


@pytest.mark.parametrize("name", ["model.pkl", "bundle/sub/config.json", "bundle/.gitignore", "signature/other.sig"])
def test_a_file_that_no_bundle_has_is_refused(champion: Registered, store: Path, name: str) -> None:
    file = _stored(store, champion) / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    with pytest.raises(UnsafeArtifact, match="which no bundle has"):
        pull()


def test_a_stripped_signature_is_refused(champion: Registered, store: Path) -> None:
    (_stored(store, champion) / "signature" / "bundle.sig").unlink()
    with pytest.raises(SignatureMissing):
        pull()


def test_a_signature_swapped_from_another_version_is_refused(champion: Registered, store: Path, tmp_path: Path) -> None:
    other = register_bundle(tmp_path, seed=2)
    shutil.copy(
        _stored(store, other) / "signature" / "bundle.sig", _stored(store, champion) / "signature" / "bundle.sig"
    )
    with pytest.raises(BundleChanged):
        pull()


def test_a_bundle_swapped_whole_with_its_signature_has_no_approval(
    champion: Registered, store: Path, tmp_path: Path
) -> None:
    other = register_bundle(tmp_path, seed=2)
    shutil.rmtree(_stored(store, champion))
    shutil.copytree(_stored(store, other), _stored(store, champion))
    with pytest.raises(ApprovalMismatch, match="another bundle digest"):
        pull()


def test_a_bundle_signed_with_a_key_that_is_not_trusted_is_refused(champion: Registered, store: Path) -> None:
    for file in (store / "trust" / "bundle").iterdir():
        file.unlink()
    with pytest.raises(UntrustedKey):
        pull()


def test_a_version_that_nobody_approved_is_refused(registered: Registered) -> None:
    registry.promote(1)
    with pytest.raises(NotApproved, match="not approved by anyone"):
        pull()
    registered.decide()
    assert pull().version == 1


def test_a_tag_that_says_approved_approves_nothing(registered: Registered) -> None:
    registry.promote(1)
    with tracking() as mlflow:
        mlflow.set_model_version_tag("cleo", "1", registry.REVIEW, "approved")
        mlflow.set_model_version_tag("cleo", "1", registry.RECORD + "x", '{"decision": "approve"}')
        mlflow.set_model_version_tag("cleo", "1", registry.RECORD + "y", "not even JSON")
    with pytest.raises(ApprovalInvalid):
        pull()


def test_an_expired_approval_is_refused(registered: Registered) -> None:
    registered.decide(days=1e-9)
    registry.promote(1)
    with pytest.raises(ApprovalExpired):
        pull()
    registered.decide()
    assert pull().version == 1


def test_an_approval_of_another_version_attached_to_this_one_is_refused(champion: Registered, tmp_path: Path) -> None:
    other = register_bundle(tmp_path, seed=2)
    envelope = next(value for key, value in registry.resolve(1).tags.items() if key.startswith(registry.RECORD))
    with tracking() as mlflow:
        mlflow.set_model_version_tag("cleo", "2", registry.RECORD + "copied", envelope)
    registry.promote(other.version)
    with pytest.raises(ApprovalMismatch):
        pull()


def test_a_rejected_and_a_revoked_version_are_refused(champion: Registered) -> None:
    pull().release()
    champion.decide("reject", reason="worse")
    with pytest.raises(Rejected):
        pull()
    champion.decide("revoke", reason="leak")
    with pytest.raises(Revoked):
        pull()


def test_a_revocation_that_is_taken_out_of_the_registry_still_counts(champion: Registered) -> None:
    champion.decide("revoke")
    with tracking() as mlflow:
        for key in registry.resolve(1).tags:
            if key.startswith(registry.RECORD):
                mlflow.delete_model_version_tag("cleo", "1", key)
    with pytest.raises(Revoked):
        pull()


def test_a_revocation_seen_once_is_remembered_by_the_machine_that_serves(champion: Registered, store: Path) -> None:
    record = champion.decide("revoke")
    shutil.rmtree(store / "decisions")  # this machine has not made the decision itself
    with pytest.raises(Revoked):
        pull()
    with tracking() as mlflow:
        mlflow.delete_model_version_tag("cleo", "1", registry.RECORD + record.id)
    with pytest.raises(Revoked):
        pull()


def test_a_damaged_list_of_decisions_stops_everything(champion: Registered, store: Path) -> None:
    pull().release()
    next((store / "decisions").iterdir()).write_text("{")
    with pytest.raises(TrustError, match="is damaged"):
        pull()


def test_an_approval_of_a_revoked_reviewer_is_refused(champion: Registered) -> None:
    pull().release()
    store = TrustStore()
    store.revoke(store.find("reviewer", load_private("reviewer", "ada").fingerprint))
    with pytest.raises(ApprovalInvalid, match="revoked"):
        pull()


# --- versions go forward ------------------------------------------------------------------------------------------


def test_an_older_version_is_refused_although_everything_about_it_holds(champion: Registered, tmp_path: Path) -> None:
    pull().release()
    _next(tmp_path, 2)
    assert pull().version == 2
    registry.set_alias("champion", 1)
    with pytest.raises(VersionRollback, match="Version 1 is older than version 2"):
        pull()
    assert pull(1, purpose="inspect").version == 1


def test_trying_out_a_version_does_not_bind_what_is_served(champion: Registered, tmp_path: Path) -> None:
    newer = register_bundle(tmp_path, seed=2)
    newer.decide()
    assert pull("candidate").version == 2
    assert pull(2, purpose="release").version == 2
    assert pull().version == 1


def test_a_release_backwards_is_refused_before_the_alias_moves(champion: Registered, tmp_path: Path) -> None:
    _next(tmp_path, 2)
    pull().release()
    with pytest.raises(VersionRollback):
        pull(1, purpose="release")


def test_a_signed_rollback_goes_back_once(champion: Registered, tmp_path: Path) -> None:
    _next(tmp_path, 2)
    pull().release()
    champion.decide("rollback", supersedes=2)
    registry.set_alias("champion", 1)
    assert pull().version == 1
    assert pull().version == 1, "and it stays there"
    registry.set_alias("champion", 2)
    with pytest.raises(VersionRollback, match="rolled back"):
        pull()
    high = high_water.read("cleo")
    assert high is not None
    assert (high.version, high.rolled_back_from) == (1, 2)


def test_a_rolled_back_version_comes_back_with_a_newer_approval(champion: Registered, tmp_path: Path) -> None:
    two = _next(tmp_path, 2)
    pull().release()
    champion.decide("rollback", supersedes=2)
    registry.set_alias("champion", 1)
    pull().release()
    registry.set_alias("champion", 2)
    later = _later(two.record(), seconds=30)
    registry.attach_approval(2, approval.sign(later, load_private("reviewer", "ada")))
    assert pull().version == 2
    registry.set_alias("champion", 1)
    with pytest.raises(VersionRollback):
        pull()  # the rollback was used, and is older than the approval of what is served now


def _later(record: approval.Approval, seconds: int) -> approval.Approval:
    from dataclasses import replace
    from datetime import timedelta

    moved = approval.moment(record.issued_at) + timedelta(seconds=seconds)
    return replace(record, issued_at=moved.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_a_rollback_from_something_older_than_what_is_served_is_refused(champion: Registered, tmp_path: Path) -> None:
    _next(tmp_path, 2)
    _next(tmp_path, 3)
    pull().release()
    champion.decide("rollback", supersedes=2)
    registry.set_alias("champion", 1)
    with pytest.raises(VersionRollback):
        pull()
    champion.decide("rollback", supersedes=3)
    assert pull().version == 1


def test_an_expired_rollback_is_refused(champion: Registered, tmp_path: Path) -> None:
    _next(tmp_path, 2)
    pull().release()
    champion.decide("rollback", supersedes=2, days=1e-9)
    registry.set_alias("champion", 1)
    with pytest.raises(VersionRollback):
        pull()


def test_a_rollback_does_not_replace_an_approval(champion: Registered, tmp_path: Path) -> None:
    _next(tmp_path, 2)
    pull().release()
    champion.decide("reject")
    champion.decide("rollback", supersedes=2)
    registry.set_alias("champion", 1)
    with pytest.raises(Rejected):
        pull()


def test_the_same_number_with_another_bundle_is_refused(champion: Registered, store: Path, tmp_path: Path) -> None:
    pull().release()
    _reset_registry(store)
    other = register_bundle(tmp_path, seed=7)
    other.decide()
    registry.promote(other.version)
    assert other.version == 1
    with pytest.raises(VersionReplaced, match="served here before with another bundle"):
        pull()
    other.decide("rollback", supersedes=1)
    assert pull().bundle_digest == other.signed.digest


def _reset_registry(store: Path) -> None:
    """A registry made anew, as an attacker with its database would."""
    import sqlite3

    database = sqlite3.connect(store / "mlflow" / "mlflow.db")
    with database:
        for table in ("model_version_tags", "registered_model_aliases", "model_versions", "registered_models"):
            database.execute(f"delete from {table}")
    database.close()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": "9"}', b'{"version": 1, "used_rollbacks": []}'])
def test_a_damaged_record_of_what_was_served_stops_everything(
    champion: Registered, store: Path, content: bytes
) -> None:
    pull().release()
    replace_file(next((store / "served").glob("*.json")), content)
    with pytest.raises(StateDamaged, match="not known which version"):
        pull()


# --- between verifying and loading ---------------------------------------------------------------------------------


def test_a_file_touched_after_it_was_verified_is_noticed(champion: Registered) -> None:
    model = pull()
    model.confirm()
    file = model.path / "model.safetensors"
    raw = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    os.utime(file, ns=(0, 0))
    with pytest.raises(BundleChanged, match=r"model\.safetensors"):
        model.confirm()


def test_a_file_put_in_the_place_of_a_verified_one_is_noticed(champion: Registered, tmp_path: Path) -> None:
    model = pull()
    model.path.chmod(0o700)
    shutil.copy2(model.path / "config.json", tmp_path / "twin")
    os.replace(tmp_path / "twin", model.path / "config.json")
    with pytest.raises(BundleChanged, match=r"config\.json"):
        model.confirm()


def test_a_file_added_or_removed_after_verification_is_noticed(champion: Registered) -> None:
    model = pull()
    model.path.chmod(0o700)
    (model.path / "modeling.py").write_text("")
    with pytest.raises(BundleChanged, match=r"modeling\.py"):
        model.confirm()
    (model.path / "modeling.py").unlink()
    model.confirm()
    (model.path / "card.md").unlink()
    with pytest.raises(BundleChanged, match=r"card\.md"):
        model.confirm()


def test_a_deep_look_reads_every_byte(champion: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    from cleo_core.provenance import verify

    model = pull()
    model.confirm(deep=True)
    file = model.path / "model.safetensors"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"\x55")
    # Even where the file system told nothing.
    monkeypatch.setattr(verify, "_facts", lambda folder: model._facts)
    model.confirm()
    with pytest.raises(BundleChanged):
        model.confirm(deep=True)


def test_the_registry_can_change_after_the_pull_without_touching_what_is_loaded(
    champion: Registered, store: Path
) -> None:
    model = pull()
    for file in (_stored(store, champion) / "bundle").iterdir():
        file.write_text("changed")
    model.confirm(deep=True)


# --- folders ------------------------------------------------------------------------------------------------------


def test_a_pull_into_a_folder_replaces_what_an_earlier_pull_left(champion: Registered, tmp_path: Path) -> None:
    first = pull(1, tmp_path / "opponent")
    (tmp_path / "opponent" / "bundle").chmod(0o700)
    (tmp_path / "opponent" / "bundle" / "evil.py").write_text("")
    second = pull(1, tmp_path / "opponent")
    assert first.path == second.path == tmp_path / "opponent" / "bundle"
    second.confirm(deep=True)


def test_folders_of_processes_that_died_are_swept_and_those_in_use_are_not(champion: Registered, store: Path) -> None:
    held = pull()
    dead = store / "pulled" / "1-dead"
    (dead / "bundle").mkdir(parents=True)
    (dead / "bundle" / "model.safetensors").write_text("")
    (dead / "bundle").chmod(0o500)
    (store / "pulled" / "stray").write_text("")
    pull().release()
    assert not dead.exists()
    held.confirm(deep=True)


def test_a_linked_folder_for_a_pull_is_refused(champion: Registered, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="link"):
        pull(1, tmp_path / "link")


# --- the registry ---------------------------------------------------------------------------------------------------


def test_registering_starts_as_candidate_with_the_review_pending(registered: Registered) -> None:
    info = registry.resolve("candidate")
    assert (info.version, info.review, info.bundle_digest) == (1, "pending", registered.signed.digest)
    assert info.description.startswith("# Decision")
    assert [one.version for one in registry.pending()] == [1]
    registered.decide()
    assert registry.pending() == []
    assert registry.resolve(1).review == "approved"


def test_registering_the_same_bundle_again_makes_no_second_version(registered: Registered) -> None:
    assert registry.register(registered.bundle, registered.signature, "again") == 1
    registered.decide("reject")
    assert registry.register(registered.bundle, registered.signature, "after a rejection") == 2


def test_an_unsigned_or_changed_bundle_is_never_registered(store: Path, bundle: Path) -> None:
    signature = bundle.parent / "bundle.sig"
    (bundle / "card.md").write_text("better than it is")
    with pytest.raises(BundleChanged):
        registry.register(bundle, signature, "")
    signature.unlink()
    with pytest.raises(SignatureMissing):
        registry.register(bundle, signature, "")
    assert registry.versions() == []


def test_a_description_longer_than_the_registry_holds_says_where_the_rest_is(store: Path, bundle: Path) -> None:
    version = registry.register(bundle, bundle.parent / "bundle.sig", "x" * 6000)
    told = registry.resolve(version).description
    assert len(told) == 5000
    assert told.endswith("card.md of the bundle.")


def test_promotion_keeps_the_champion_before(champion: Registered, tmp_path: Path) -> None:
    _next(tmp_path, 2)
    registry.promote(2)
    assert registry.resolve("champion").version == 2
    assert registry.resolve("previous").version == 1
    assert {one.version: one.aliases for one in registry.versions()} == {2: ("candidate", "champion"), 1: ("previous",)}


@pytest.mark.parametrize("wanted", ["99", "0", "-1", "nobody", "../1", "champion; drop", "", "1.0", "9" * 12])
def test_what_is_no_version_is_not_found(champion: Registered, wanted: str) -> None:
    assert registry.resolve("1").version == 1
    with pytest.raises(VersionNotFound):
        registry.resolve(wanted)


@pytest.mark.parametrize("alias", ["", "UPPER", "a b", "3"])
def test_what_is_no_alias_cannot_be_set(champion: Registered, alias: str) -> None:
    with pytest.raises(InputError, match="no alias"):
        registry.set_alias(alias, 1)
    with pytest.raises(VersionNotFound):
        registry.set_alias("champion", 42)


@pytest.mark.parametrize("source", ["/etc", "file:///etc", "runs:/0/model", "models:/cleo/1", "s3://bucket/model", ""])
def test_a_version_whose_source_is_no_logged_model_is_refused(champion: Registered, store: Path, source: str) -> None:
    import sqlite3

    database = sqlite3.connect(store / "mlflow" / "mlflow.db")
    with database:
        database.execute("update model_versions set source = ?", (source,))
    database.close()
    with pytest.raises(UnsafeArtifact, match="no logged model"):
        registry.resolve(1)
    assert registry.versions() == []


def test_a_decision_is_attached_to_its_own_version_only(registered: Registered, tmp_path: Path) -> None:
    other = register_bundle(tmp_path, seed=2)
    envelope = approval.sign(registered.record(), load_private("reviewer", "ada"))
    with pytest.raises(RegistryError, match="is about"):
        registry.attach_approval(other.version, envelope)
    assert registry.attach_approval(1, envelope).version == 1


def test_a_decision_that_does_not_hold_is_not_attached(registered: Registered) -> None:
    envelope = approval.sign(registered.record(), load_private("reviewer", "ada"))
    envelope["signatures"] = []
    with pytest.raises(ApprovalInvalid):
        registry.attach_approval(1, envelope)
    assert registry.resolve(1).review == "pending"


def test_an_id_that_could_be_a_path_is_not_kept(registered: Registered) -> None:
    from dataclasses import replace

    record = replace(registered.record(), id="../../../evil")
    with pytest.raises(TrustError, match="has the id"):
        registry.attach_approval(1, approval.sign(record, load_private("reviewer", "ada")))


def test_a_registry_that_cannot_be_reached_is_one_clear_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("CLEO_MLFLOW_URI", "http://user:hunter2@127.0.0.1:9")
    with pytest.raises(RegistryError) as refusal:
        registry.resolve("champion")
    assert "hunter2" not in str(refusal.value)
    assert "CLEO_MLFLOW_URI" in (refusal.value.hint or "")


@pytest.mark.parametrize("name", ["a' or name != '", "a/b", "", "..", "x" * 65, "a b"])
def test_a_model_name_that_could_change_a_query_is_refused(
    champion: Registered, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert registry.versions()
    monkeypatch.setenv("CLEO_MODEL_NAME", name)
    for call in (registry.versions, lambda: registry.resolve(1)):
        with pytest.raises(ConfigError, match="cannot name a model"):
            call()


def test_an_embedded_store_without_its_package_names_the_mend(
    champion: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(EnvironmentFault, match="MLflow is not installed"):
        registry.resolve(1)


def test_a_reviewer_who_joins_can_renew_what_another_approved(champion: Registered) -> None:
    create("reviewer", "bob")
    champion.decide(reviewer="bob", key=load_private("reviewer", "bob"))
    assert pull().approved_by in ("ada", "bob")


def test_the_state_is_plain_enough_to_be_read_by_an_operator(champion: Registered, store: Path) -> None:
    pull().release()
    state = json.loads(next((store / "served").glob("*.json")).read_text())
    assert state["version"] == 1
    assert state["digests"] == {"1": champion.signed.digest}
