"""The registry: what is registered, found, decided about, and what it must never be asked or believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cleo_core import registry
from cleo_core.crypto.errors import SignatureMissing
from cleo_core.crypto.keys import create, load_private
from cleo_core.errors import ConfigError, EnvironmentFault, InputError, TrustError
from cleo_core.provenance import approval
from cleo_core.provenance.errors import ApprovalInvalid, BundleChanged
from cleo_core.registry import embedded
from cleo_core.registry.errors import RegistryError, UnsafeArtifact, VersionNotFound
from cleo_core.registry.mlflow import tracking
from cleo_core.registry.pull import pull
from tests.trust_bundles import Registered, next_champion, register_bundle

pytestmark = pytest.mark.security


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
    assert registry.list_versions() == []


def test_a_description_longer_than_the_registry_holds_says_where_the_rest_is(store: Path, bundle: Path) -> None:
    version = registry.register(bundle, bundle.parent / "bundle.sig", "x" * 6000)
    told = registry.resolve(version).description
    assert len(told) == 5000
    assert told.endswith("card.md of the bundle.")


def test_promotion_keeps_the_champion_before(champion: Registered, tmp_path: Path) -> None:
    next_champion(tmp_path, 2)
    registry.promote(2)
    assert registry.resolve("champion").version == 2
    assert registry.resolve("previous").version == 1
    assert {one.version: one.aliases for one in registry.list_versions()} == {
        2: ("candidate", "champion"),
        1: ("previous",),
    }


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
    assert registry.list_versions() == []


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
    assert registry.list_versions()
    monkeypatch.setenv("CLEO_MODEL_NAME", name)
    for call in (registry.list_versions, lambda: registry.resolve(1)):
        with pytest.raises(ConfigError, match=r"CLEO_MODEL_NAME is .*should match pattern"):
            call()


def test_an_embedded_store_without_its_package_names_the_mend(
    champion: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(EnvironmentFault, match="MLflow is not installed"):
        registry.set_alias("candidate", 1)


def test_the_embedded_registry_is_read_as_mlflow_reads_it(
    champion: Registered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_champion(tmp_path, 2)
    gone = next_champion(tmp_path, 3)
    with tracking() as mlflow:
        mlflow.delete_model_version("cleo", str(gone.version))

    def told() -> list[object]:
        asked = [registry.resolve(name) for name in (1, 2, "previous")]
        missing = []
        for name in (3, 99, "nobody", "champion"):
            with pytest.raises(VersionNotFound) as caught:
                registry.resolve(name)
            missing.append(caught.value.message)
        return [registry.list_versions(), asked, missing]

    ours = told()
    assert registry.list_versions()[0].version == 2
    monkeypatch.setattr(embedded, "rows", lambda file, name: None)  # as where the tables are not those known
    monkeypatch.setattr(embedded, "artifact_location", lambda file, model: None)
    assert told() == ours
    assert pull(1).version == 1


def test_a_registry_file_with_other_tables_is_left_to_mlflow(tmp_path: Path) -> None:
    import sqlite3

    assert embedded.rows(tmp_path / "none.db", "cleo") == []
    sqlite3.connect(tmp_path / "other.db").execute("create table model_versions (name text)").connection.close()
    assert embedded.rows(tmp_path / "other.db", "cleo") is None
    (tmp_path / "noise.db").write_bytes(b"no database" * 100)
    assert embedded.rows(tmp_path / "noise.db", "cleo") is None
    assert embedded.artifact_location(tmp_path / "noise.db", "m-1") is None


def test_a_reviewer_who_joins_can_renew_what_another_approved(champion: Registered) -> None:
    create("reviewer", "bob")
    champion.decide(reviewer="bob", key=load_private("reviewer", "bob"))
    assert pull().approved_by in ("ada", "bob")


def test_the_state_is_plain_enough_to_be_read_by_an_operator(champion: Registered, store: Path) -> None:
    pull().release()
    state = json.loads(next((store / "served").glob("*.json")).read_text())
    assert state["version"] == 1
    assert state["digests"] == {"1": champion.signed.digest}
