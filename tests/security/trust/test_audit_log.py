"""The audit log: whatever is done to its records, its hashes, its checkpoints or its replica shows."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cleo_core import audit
from cleo_core.audit import tree
from cleo_core.crypto import dsse
from cleo_core.crypto.errors import SignatureInvalid, UntrustedKey
from cleo_core.crypto.keys import create, load_private, rotate
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.digest import canonical
from cleo_core.errors import EnvironmentFault, InputError, IntegrityError

pytestmark = [pytest.mark.security, pytest.mark.usefixtures("keys")]


@pytest.fixture
def log(home: Path) -> audit.AuditLog:
    made = audit.AuditLog()
    for number in range(13):
        assert made.record("test.happened", "ada", f"thing/{number}", number=number) == number
    return made


def _database(home: Path) -> sqlite3.Connection:
    database = sqlite3.connect(home / "audit" / "audit.db", isolation_level=None)
    for trigger in ("audit_leaves_stay", "audit_leaves_remain"):
        database.execute(f"drop trigger if exists {trigger}")
    return database


def _copy(home: Path) -> Path:
    return home / "checkpoints" / "audit-checkpoints.jsonl"


def test_an_untouched_log_verifies(log: audit.AuditLog) -> None:
    report = log.verify()
    assert report.holds
    assert (report.size, report.checkpoints, report.copied) == (13, 13, 13)
    assert log.read(3, 2)[1]["subject"] == "thing/4"
    assert [record["seq"] for record in log.find("thing/7")] == [7]
    assert len(log) == 13


def test_the_tables_refuse_to_be_changed_by_mistake(home: Path, log: audit.AuditLog) -> None:
    database = sqlite3.connect(home / "audit" / "audit.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute("update audit_leaves set data = x'00' where seq = 3")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute("delete from audit_leaves where seq = 3")


def _rewritten(database: sqlite3.Connection, seq: int, **changes: Any) -> bytes:
    (data,) = database.execute("select data from audit_leaves where seq = ?", (seq,)).fetchone()
    return canonical(json.loads(data) | changes)


def _change_data(database: sqlite3.Connection) -> None:
    database.execute("update audit_leaves set data = ? where seq = 5", (_rewritten(database, 5, actor="eve"),))


def _change_data_and_hash(database: sqlite3.Connection) -> None:
    data = _rewritten(database, 5, actor="eve")
    database.execute("update audit_leaves set data = ?, hash = ? where seq = 5", (data, tree.leaf_hash(data)))


def _change_the_whole_tree(database: sqlite3.Connection) -> None:
    """Rewrite one record and every hash above it: only the signed heads can tell."""
    _change_data_and_hash(database)
    database.execute("delete from audit_nodes")
    stack = tree.Stack()
    for (leaf,) in database.execute("select hash from audit_leaves order by seq").fetchall():
        for level, index, joined in stack.add(leaf):
            database.execute("insert into audit_nodes values (?, ?, ?)", (level, index, joined))


def _swap(database: sqlite3.Connection) -> None:
    for here, there in ((2, 100), (3, 2), (100, 3)):
        database.execute("update audit_leaves set seq = ? where seq = ?", (there, here))


TAMPERING: dict[str, Callable[[sqlite3.Connection], object]] = {
    "a changed record": _change_data,
    "a changed record with its hash": _change_data_and_hash,
    "a changed record with the whole tree": _change_the_whole_tree,
    "a removed record": lambda database: database.execute("delete from audit_leaves where seq = 5"),
    "a removed last record": lambda database: database.execute("delete from audit_leaves where seq = 12"),
    "two records swapped": _swap,
    "a changed node": lambda database: database.execute("update audit_nodes set hash = zeroblob(32) where level = 1"),
    "a removed node": lambda database: database.execute("delete from audit_nodes where level = 2"),
    "an unsigned record": lambda database: database.execute(
        "insert into audit_leaves select 13, data, hash from audit_leaves where seq = 0"
    ),
    "a removed last checkpoint": lambda database: database.execute("delete from audit_checkpoints where size = 13"),
    "an exchanged checkpoint": lambda database: database.execute(
        "update audit_checkpoints set envelope = (select envelope from audit_checkpoints where size = 3) where size = 9"
    ),
    "a stripped checkpoint": lambda database: database.execute(
        "update audit_checkpoints set envelope = json_set(envelope, '$.signatures', json('[]')) where size = 9"
    ),
    "an empty log": lambda database: [
        database.execute(f"delete from {table}") for table in ("audit_leaves", "audit_nodes", "audit_checkpoints")
    ],
    "a log cut to an earlier, rightly signed state": lambda database: [
        database.execute("delete from audit_leaves where seq >= 8"),
        database.execute("delete from audit_nodes where (idx + 1) * (1 << level) > 8"),
        database.execute("delete from audit_checkpoints where size > 8"),
    ],
}


@pytest.mark.parametrize("what", TAMPERING)
def test_whatever_is_done_to_the_database_shows(home: Path, log: audit.AuditLog, what: str) -> None:
    assert log.verify().holds
    TAMPERING[what](_database(home))
    assert not log.verify().holds


COPY: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "emptied of its signatures": lambda file: file.write_text(file.read_text().replace("signatures", "signature")),
    "no JSON": lambda file: file.write_text("{\n"),
    "one line twice": lambda file: file.write_text(file.read_text() + file.read_text().splitlines()[3] + "\n"),
}


@pytest.mark.parametrize("what", COPY)
def test_whatever_is_done_to_the_second_place_shows(home: Path, log: audit.AuditLog, what: str) -> None:
    assert log.verify().holds
    COPY[what](_copy(home))
    assert not log.verify().holds


def test_a_second_place_that_lost_most_of_its_lines_shows(home: Path, log: audit.AuditLog) -> None:
    for number in range(13, 40):
        log.record("test.happened", "ada", f"thing/{number}")
    assert log.verify().holds
    _copy(home).write_text("".join(line + "\n" for line in _copy(home).read_text().splitlines()[:5]))
    assert any("lacks 35" in fault for fault in log.verify().faults)


def test_a_log_begun_anew_shows_even_after_it_has_grown_past_the_old_one(home: Path, log: audit.AuditLog) -> None:
    TAMPERING["an empty log"](_database(home))
    fresh = audit.AuditLog()
    for number in range(20):
        fresh.record("test.happened", "eve", f"thing/{number}")
    faults = fresh.verify().faults
    assert any("not those that the replica signed for" in fault for fault in faults)


def test_checkpoints_of_another_key_are_refused(home: Path, log: audit.AuditLog) -> None:
    create("audit", "stranger")
    key = load_private("audit", "stranger")
    database = _database(home)
    told = {"origin": "cleo-audit", "tree_size": 13, "root": log.verify().root, "at": "2026-01-01T00:00:00Z"}
    envelope = json.dumps(dsse.sign("application/vnd.cleoai.checkpoint+json", told, key))
    database.execute("update audit_checkpoints set envelope = ? where size = 13", (envelope,))
    assert log.verify().holds, "while its key is trusted, its checkpoint is as good as any"
    next((home / "trust" / "audit").glob("stranger-*.json")).unlink()
    assert any("No trusted audit key" in fault for fault in log.verify().faults)


def test_a_log_goes_on_over_a_rotation_of_its_key(home: Path, log: audit.AuditLog) -> None:
    rotate("audit", "log")
    later = audit.AuditLog()
    later.record("key.rotated", "operator", "audit/log")
    assert later.verify().holds
    store = TrustStore()
    retired = next(key for key in store.keys("audit") if key.state == "retired")
    store.revoke(retired)
    assert not later.verify().holds


def test_a_checkpoint_that_a_crash_kept_from_the_second_place_gets_there(home: Path, log: audit.AuditLog) -> None:
    _copy(home).write_text("".join(line + "\n" for line in _copy(home).read_text().splitlines()[:10]))
    assert log.verify().holds
    log.record("test.happened", "ada", "thing/13")
    assert len(_copy(home).read_text().splitlines()) == 14
    assert log.verify().holds


def test_the_second_place_is_where_the_settings_say(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEO_TRUST_AUDIT_COPY", str(tmp_path / "other-disk"))
    with pytest.raises(EnvironmentFault, match="is no folder"):
        audit.record("a", "b", "c")
    assert len(audit.open_log()) == 0, "nothing is recorded that cannot be copied"
    (tmp_path / "other-disk").mkdir()
    audit.record("a", "b", "c")
    assert (tmp_path / "other-disk" / "audit-checkpoints.jsonl").read_text().count("\n") == 1
    assert audit.open_log().verify().holds
    (tmp_path / "other-disk" / "audit-checkpoints.jsonl").unlink()
    (tmp_path / "other-disk").rmdir()
    assert any("is no folder" in fault for fault in audit.open_log().verify().faults)


def test_an_empty_log_holds(home: Path) -> None:
    report = audit.open_log().verify()
    assert report.holds
    assert report.root == tree.EMPTY.hex()


def test_every_record_can_be_proven_without_the_log(log: audit.AuditLog) -> None:
    for seq in range(13):
        proof = json.loads(json.dumps(log.prove(seq)))
        assert audit.check_proof(proof)["details"] == {"number": seq}


PROOFS: dict[str, Callable[[dict[str, Any]], object]] = {
    "another actor": lambda proof: proof["record"].update(actor="eve"),
    "another number": lambda proof: proof["record"].update(seq=4),
    "a step left out": lambda proof: proof["path"].pop(),
    "a step added": lambda proof: proof["path"].append("00" * 32),
    "steps in another order": lambda proof: proof["path"].reverse(),
    "a step that is no hash": lambda proof: proof["path"].__setitem__(0, "zz"),
    "no record": lambda proof: proof.pop("record"),
    "no path": lambda proof: proof.pop("path"),
    "a negative number": lambda proof: proof["record"].update(seq=-1),
    "a record that is a list": lambda proof: proof.update(record=[1]),
}


@pytest.mark.parametrize("what", PROOFS)
def test_a_proof_that_was_tampered_with_is_refused(log: audit.AuditLog, what: str) -> None:
    proof = log.prove(5)
    assert audit.check_proof(proof)
    PROOFS[what](proof)
    with pytest.raises(IntegrityError):
        audit.check_proof(proof)


def test_a_proof_under_a_forged_head_is_refused(log: audit.AuditLog) -> None:
    proof = log.prove(5)
    told = json.loads(base64.b64decode(proof["checkpoint"]["payload"])) | {"tree_size": 6}
    proof["checkpoint"]["payload"] = base64.b64encode(canonical(told)).decode()
    with pytest.raises(SignatureInvalid):
        audit.check_proof(proof)
    create("reviewer", "bob")
    proof["checkpoint"] = dsse.sign("application/vnd.cleoai.checkpoint+json", told, load_private("reviewer", "bob"))
    with pytest.raises(UntrustedKey):
        audit.check_proof(proof)


@pytest.mark.parametrize("seq", [-1, 13, 10**9])
def test_a_record_that_is_not_there_cannot_be_proven(log: audit.AuditLog, seq: int) -> None:
    with pytest.raises(InputError, match="There is no audit record"):
        log.prove(seq)


def test_a_record_holds_json_only_and_a_refused_one_leaves_no_trace(log: audit.AuditLog) -> None:
    for value in (object(), float("nan"), {1, 2}):
        with pytest.raises(InputError, match="JSON values only"):
            log.record("a", "b", "c", value=value)
    assert len(log) == 13
    assert log.verify().holds


def test_what_is_personal_goes_with_its_key_and_the_log_still_verifies(home: Path) -> None:
    key, nonce = AESGCM.generate_key(256), os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, b"ada@example.org", b"user-7")
    seq = audit.record("user.erased", "pipeline", "user/7", sealed=sealed)
    raw = base64.b64decode(audit.open_log().read(seq, 1)[0]["sealed"])
    assert AESGCM(key).decrypt(nonce, raw, b"user-7") == b"ada@example.org"
    assert b"ada@" not in (home / "audit" / "audit.db").read_bytes() + (home / "audit" / "audit.db-wal").read_bytes()
    del key
    assert audit.open_log().verify().holds
    assert audit.check_proof(audit.open_log().prove(seq))


def test_a_record_can_be_written_in_the_transaction_of_its_act(home: Path, tmp_path: Path) -> None:
    from cleo_core.audit import store
    from cleo_core.crypto.keys import machine_key

    database = sqlite3.connect(tmp_path / "acts.db", isolation_level=None)
    database.execute("create table acts (what text)")
    store.prepare(database)
    for outcome in ("rollback", "commit"):
        database.execute("begin immediate")
        database.execute("insert into acts values (?)", (outcome,))
        store.append(database, machine_key("audit"), "act", "ada", outcome, {})
        database.execute(outcome)
    assert database.execute("select what from acts").fetchall() == [("commit",)]
    database.close()
    log = audit.AuditLog(tmp_path / "acts.db")
    log.record("act", "ada", "second")
    assert log.verify().holds
    assert log.verify().size == 2
    log.close()
