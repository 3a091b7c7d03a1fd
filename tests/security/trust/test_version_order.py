"""Versions go forward on a machine that serves, and back only by a signed rollback."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleo_core import clock, registry
from cleo_core.crypto.keys import load_private
from cleo_core.files import write_atomic
from cleo_core.provenance import approval, rollback_guard
from cleo_core.provenance.errors import Rejected, StateDamaged, VersionReplaced, VersionRollback
from cleo_core.registry.pull import pull
from tests.trust_bundles import Registered, next_champion, register_bundle

pytestmark = pytest.mark.security


def test_an_older_version_is_refused_although_everything_about_it_holds(champion: Registered, tmp_path: Path) -> None:
    pull().release()
    next_champion(tmp_path, 2)
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
    next_champion(tmp_path, 2)
    pull().release()
    with pytest.raises(VersionRollback):
        pull(1, purpose="release")


def test_a_signed_rollback_goes_back_once(champion: Registered, tmp_path: Path) -> None:
    next_champion(tmp_path, 2)
    pull().release()
    champion.decide("rollback", supersedes=2)
    registry.set_alias("champion", 1)
    assert pull().version == 1
    assert pull().version == 1, "and it stays there"
    registry.set_alias("champion", 2)
    with pytest.raises(VersionRollback, match="rolled back"):
        pull()
    high = rollback_guard.read("cleo")
    assert high is not None
    assert (high.version, high.rolled_back_from) == (1, 2)


def test_a_rolled_back_version_comes_back_with_a_newer_approval(champion: Registered, tmp_path: Path) -> None:
    two = next_champion(tmp_path, 2)
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

    moved = clock.parse(record.issued_at) + timedelta(seconds=seconds)
    return replace(record, issued_at=clock.timestamp(moved))


def test_a_rollback_from_something_older_than_what_is_served_is_refused(champion: Registered, tmp_path: Path) -> None:
    next_champion(tmp_path, 2)
    next_champion(tmp_path, 3)
    pull().release()
    champion.decide("rollback", supersedes=2)
    registry.set_alias("champion", 1)
    with pytest.raises(VersionRollback):
        pull()
    champion.decide("rollback", supersedes=3)
    assert pull().version == 1


def test_an_expired_rollback_is_refused(champion: Registered, tmp_path: Path) -> None:
    next_champion(tmp_path, 2)
    pull().release()
    champion.decide("rollback", supersedes=2, days=1e-9)
    registry.set_alias("champion", 1)
    with pytest.raises(VersionRollback):
        pull()


def test_a_rollback_does_not_replace_an_approval(champion: Registered, tmp_path: Path) -> None:
    next_champion(tmp_path, 2)
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
    write_atomic(next((store / "served").glob("*.json")), content)
    with pytest.raises(StateDamaged, match="not known which version"):
        pull()
