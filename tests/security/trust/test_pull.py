"""From an alias to files that may be loaded: every attack on the way is refused with its own error."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from cleo_core import registry
from cleo_core.crypto.errors import SignatureMissing, UntrustedKey
from cleo_core.crypto.keys import load_private
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.errors import TrustError
from cleo_core.provenance.errors import (
    ApprovalExpired,
    ApprovalInvalid,
    ApprovalMismatch,
    BundleChanged,
    NotApproved,
    Rejected,
    Revoked,
)
from cleo_core.registry.errors import UnsafeArtifact
from cleo_core.registry.mlflow import tracking
from cleo_core.registry.pull import pull
from tests.trust_bundles import Registered, register_bundle, stored_files

pytestmark = pytest.mark.security


def test_an_approved_champion_is_pulled_and_says_all_about_itself(champion: Registered) -> None:
    model = pull()
    assert (model.name, model.version, model.approved_by) == ("cleo", 1, "ada")
    assert model.bundle_digest == champion.signed.digest
    assert registry.DECISION_TAG + model.approval.id in registry.resolve(1).tags
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


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "eval_report.json", "card.md"])
@pytest.mark.parametrize(
    "place", [0, 3, -2]
)  # a header, a value, an end: what no longer parses is changed all the same
def test_one_flipped_byte_in_the_registry_is_refused(champion: Registered, store: Path, name: str, place: int) -> None:
    pull().release()
    file = stored_files(store, champion) / "bundle" / name
    raw = bytearray(file.read_bytes())
    raw[place] ^= 1
    file.write_bytes(raw)
    with pytest.raises(BundleChanged, match=name.replace(".", r"\.")):
        pull()
    assert list((store / "pulled").iterdir()) == []


def test_a_removed_and_an_added_file_are_refused(champion: Registered, store: Path) -> None:
    folder = stored_files(store, champion) / "bundle"
    (folder / "merges.txt").write_text("")
    with pytest.raises(BundleChanged, match="added"):
        pull()
    (folder / "merges.txt").unlink()
    pull().release()
    (folder / "card.md").unlink()
    with pytest.raises(BundleChanged, match=r"removed: card\.md"):
        pull()


def test_a_link_in_the_registry_is_refused_before_anything_is_copied(
    champion: Registered, store: Path, tmp_path: Path
) -> None:
    file = stored_files(store, champion) / "bundle" / "card.md"
    shutil.move(file, tmp_path / "card.md")
    file.symlink_to(tmp_path / "card.md")
    with pytest.raises(UnsafeArtifact, match="link"):
        pull()


def test_a_pipe_in_the_registry_is_refused_and_not_waited_for(champion: Registered, store: Path) -> None:
    os.mkfifo(stored_files(store, champion) / "bundle" / "vocab.txt")
    with pytest.raises(UnsafeArtifact, match="special file"):
        pull()


@pytest.mark.parametrize("name", ["model.pkl", "bundle/sub/config.json", "bundle/.gitignore", "signature/other.sig"])
def test_a_file_that_no_bundle_has_is_refused(champion: Registered, store: Path, name: str) -> None:
    file = stored_files(store, champion) / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    with pytest.raises(UnsafeArtifact, match="which no bundle has"):
        pull()


def test_a_stripped_signature_is_refused(champion: Registered, store: Path) -> None:
    (stored_files(store, champion) / "signature" / "bundle.sig").unlink()
    with pytest.raises(SignatureMissing):
        pull()


def test_a_signature_swapped_from_another_version_is_refused(champion: Registered, store: Path, tmp_path: Path) -> None:
    other = register_bundle(tmp_path, seed=2)
    shutil.copy(
        stored_files(store, other) / "signature" / "bundle.sig",
        stored_files(store, champion) / "signature" / "bundle.sig",
    )
    with pytest.raises(BundleChanged):
        pull()


def test_a_bundle_swapped_whole_with_its_signature_has_no_approval(
    champion: Registered, store: Path, tmp_path: Path
) -> None:
    other = register_bundle(tmp_path, seed=2)
    shutil.rmtree(stored_files(store, champion))
    shutil.copytree(stored_files(store, other), stored_files(store, champion))
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
        mlflow.set_model_version_tag("cleo", "1", registry.REVIEW_TAG, "approved")
        mlflow.set_model_version_tag("cleo", "1", registry.DECISION_TAG + "x", '{"decision": "approve"}')
        mlflow.set_model_version_tag("cleo", "1", registry.DECISION_TAG + "y", "not even JSON")
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
    envelope = next(value for key, value in registry.resolve(1).tags.items() if key.startswith(registry.DECISION_TAG))
    with tracking() as mlflow:
        mlflow.set_model_version_tag("cleo", "2", registry.DECISION_TAG + "copied", envelope)
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
            if key.startswith(registry.DECISION_TAG):
                mlflow.delete_model_version_tag("cleo", "1", key)
    with pytest.raises(Revoked):
        pull()


def test_a_revocation_seen_once_is_remembered_by_the_machine_that_serves(champion: Registered, store: Path) -> None:
    record = champion.decide("revoke")
    shutil.rmtree(store / "decisions")  # this machine has not made the decision itself
    with pytest.raises(Revoked):
        pull()
    with tracking() as mlflow:
        mlflow.delete_model_version_tag("cleo", "1", registry.DECISION_TAG + record.id)
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
    from cleo_core.registry import pull as pulling

    model = pull()
    model.confirm(deep=True)
    file = model.path / "model.safetensors"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"\x55")
    # Even where the file system told nothing.
    monkeypatch.setattr(pulling, "_facts", lambda folder: model._facts)
    model.confirm()
    with pytest.raises(BundleChanged):
        model.confirm(deep=True)


def test_the_registry_can_change_after_the_pull_without_touching_what_is_loaded(
    champion: Registered, store: Path
) -> None:
    model = pull()
    for file in (stored_files(store, champion) / "bundle").iterdir():
        file.write_text("changed")
    model.confirm(deep=True)


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
