"""Key files that others could read, links, wrong kinds, wrong passphrases: refused; the trust store likewise."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from cleo_core.crypto import keys as crypto
from cleo_core.crypto.errors import KeyExists, KeyInsecure, KeyMissing, KeyUnreadable, UntrustedKey
from cleo_core.crypto.private_file import read_private, write_private
from cleo_core.crypto.trust_store import ROLES, TrustStore, public_pem
from cleo_core.errors import ConfigError, InputError
from cleo_core.files import write_atomic

pytestmark = pytest.mark.security


def test_a_key_is_written_for_its_owner_only_and_read_back(home: Path) -> None:
    made = crypto.create("reviewer", "ada")
    file = home / "keys" / "reviewer" / "ada.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert crypto.load_private("reviewer", "ada").fingerprint == made.fingerprint


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777])
def test_a_key_that_others_can_reach_is_refused_with_the_mend(home: Path, mode: int) -> None:
    crypto.create("reviewer", "ada")
    file = home / "keys" / "reviewer" / "ada.pem"
    file.chmod(mode)
    with pytest.raises(KeyInsecure) as refusal:
        crypto.load_private("reviewer", "ada")
    assert refusal.value.hint == f"chmod 600 {file}"
    file.chmod(0o400)
    assert crypto.load_private("reviewer", "ada")


def test_a_linked_key_is_refused(home: Path, tmp_path: Path) -> None:
    crypto.create("reviewer", "ada")
    file = home / "keys" / "reviewer" / "ada.pem"
    file.rename(tmp_path / "real.pem")
    file.symlink_to(tmp_path / "real.pem")
    with pytest.raises(KeyInsecure, match="is a link"):
        crypto.load_private("reviewer", "ada")


def test_a_key_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    write_private(file, b"x")
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    if file.stat().st_uid == 0:  # root's files are always accepted, so give this one to another user
        os.chown(file, 12345, -1)
    with pytest.raises(KeyInsecure, match="belongs to user"):
        read_private(file)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_key_that_is_no_file_is_refused_and_never_waited_for(tmp_path: Path, make: Callable[..., None]) -> None:
    make(tmp_path / "key", 0o600)
    with pytest.raises(KeyInsecure, match="not a regular file"):
        read_private(tmp_path / "key")


def test_a_file_of_a_megabyte_is_no_key(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"x" * ((1 << 20) + 1))
    with pytest.raises(KeyInsecure, match="bytes"):
        read_private(tmp_path / "key")


def test_a_missing_key_names_what_is_missing(home: Path) -> None:
    with pytest.raises(KeyMissing, match=r"ada\.pem is not there"):
        crypto.load_private("reviewer", "ada")
    with pytest.raises(KeyMissing) as refusal:
        crypto.load_private("reviewer")
    assert "cleo keys init reviewer" in (refusal.value.hint or "")
    with pytest.raises(KeyMissing, match="cannot be read"):
        read_private(home / ("x" * 300))


def test_a_key_is_never_overwritten(home: Path) -> None:
    first = crypto.create("reviewer", "ada")
    with pytest.raises(KeyExists) as refusal:
        crypto.create("reviewer", "ada")
    assert "cleo keys rotate" in (refusal.value.hint or "")
    assert crypto.load_private("reviewer", "ada").fingerprint == first.fingerprint


@pytest.mark.parametrize("name", ["", "../ada", "Ada", "a/b", ".hidden", "a" * 64, "a\n", "ada é"])
def test_a_name_that_could_point_elsewhere_is_refused(home: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot name a key"):
        crypto.create("reviewer", name)
    assert crypto.create("reviewer", "ada-2.test_1")


def test_with_several_keys_one_must_be_named(home: Path) -> None:
    crypto.create("reviewer", "ada")
    assert crypto.load_private("reviewer").path.stem == "ada"
    crypto.create("reviewer", "bob")
    with pytest.raises(KeyMissing, match="several reviewer keys: ada, bob"):
        crypto.load_private("reviewer")


def test_the_development_key_stands_aside_for_a_real_one(home: Path) -> None:
    crypto.ensure_development_keys()
    assert crypto.load_private("bundle").name == "development-bundle"
    crypto.create("bundle", "release")
    assert crypto.load_private("bundle").name == "release"


def _write_key(path: Path, key: Any) -> None:
    path.unlink(missing_ok=True)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(path, key.private_bytes(*form))


@pytest.mark.parametrize(
    ("role", "make"),
    [
        ("reviewer", lambda: ec.generate_private_key(ec.SECP256R1())),
        ("reviewer", lambda: rsa.generate_private_key(65537, 2048)),
        ("bundle", lambda: ec.generate_private_key(ec.SECP384R1())),
        ("bundle", ed25519.Ed25519PrivateKey.generate),
    ],
)
def test_a_key_of_another_kind_is_refused(tmp_path: Path, role: Any, make: Callable[[], Any]) -> None:
    _write_key(tmp_path / "key.pem", make())
    with pytest.raises(KeyUnreadable):
        crypto.load_private(role, path=tmp_path / "key.pem")
    right = ec.generate_private_key(ec.SECP256R1()) if role == "bundle" else ed25519.Ed25519PrivateKey.generate()
    _write_key(tmp_path / "key.pem", right)
    assert crypto.load_private(role, path=tmp_path / "key.pem").role == role


@pytest.mark.parametrize("data", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, data: bytes) -> None:
    write_private(tmp_path / "key.pem", data)
    with pytest.raises(KeyUnreadable):
        crypto.load_private("reviewer", path=tmp_path / "key.pem")


def test_an_encrypted_key_opens_with_its_passphrase_only(home: Path) -> None:
    made = crypto.create("reviewer", "ada", passphrase=b"correct horse")
    file = home / "keys" / "reviewer" / "ada.pem"
    assert b"ENCRYPTED" in file.read_bytes()
    with pytest.raises(KeyUnreadable, match="encrypted"):
        crypto.load_private("reviewer", "ada")
    with pytest.raises(KeyUnreadable, match="passphrase is wrong"):
        crypto.load_private("reviewer", "ada", passphrase=lambda: b"battery staple")
    found = crypto.load_private("reviewer", "ada", passphrase=lambda: b"correct horse")
    assert found.fingerprint == made.fingerprint


def test_the_reviewers_key_is_found_by_the_settings(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crypto.create("reviewer", "bob")
    made = crypto.create("reviewer", "ada", path=tmp_path / "stick" / "ada.pem", passphrase=b"horse")
    write_private(tmp_path / "passphrase", b"horse\n")
    assert crypto.reviewer_key().name == "bob"
    monkeypatch.setenv("CLEO_TRUST_REVIEWER_KEY", str(tmp_path / "stick" / "ada.pem"))
    monkeypatch.setenv("CLEO_TRUST_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    assert crypto.reviewer_key().fingerprint == made.fingerprint
    assert crypto.reviewer_key("bob").name == "bob"
    (tmp_path / "passphrase").chmod(0o644)
    with pytest.raises(KeyInsecure):
        crypto.reviewer_key()


def test_a_key_never_shows_itself(home: Path) -> None:
    crypto.create("reviewer", "ada")
    assert "PRIVATE" not in repr(crypto.load_private("reviewer", "ada"))
    assert "Ed25519PrivateKey" not in repr(crypto.load_private("reviewer", "ada"))


def test_rotation_leaves_one_signer_and_keeps_the_old_public_half(home: Path) -> None:
    old = crypto.create("audit", "log")
    fresh, retired = crypto.rotate("audit", "log")
    assert crypto.load_private("audit", "log").fingerprint == fresh.fingerprint != old.fingerprint
    assert (retired.fingerprint, retired.state, fresh.state) == (old.fingerprint, "retired", "active")
    assert TrustStore().find("audit", old.fingerprint).state == "retired"


def test_development_keys_are_made_once_and_only_in_development(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = crypto.ensure_development_keys()
    assert [key.role for key in made] == list(ROLES)
    assert all(key.development for key in made)
    assert crypto.ensure_development_keys() == []
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    with pytest.raises(ConfigError, match="production"):
        crypto.ensure_development_keys()
    with pytest.raises(ConfigError):
        crypto.create("reviewer", "dev", development=True)
    with pytest.raises(ConfigError):
        TrustStore().add("reviewer", "dev", made[1].public_pem, development=True)


@pytest.mark.parametrize(
    "load", [lambda: crypto.machine_key("audit"), lambda: crypto.machine_key("bundle"), crypto.masking_key]
)
def test_what_the_chain_needs_is_made_in_development_and_demanded_in_production(
    home: Path, monkeypatch: pytest.MonkeyPatch, load: Callable[[], Any]
) -> None:
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    with pytest.raises(KeyMissing, match=r"There is no|is not there") as refusal:
        load()
    assert "cleo keys init" in (refusal.value.hint or "")
    monkeypatch.setenv("CLEO_ENVIRONMENT", "development")
    first, again = load(), load()
    assert getattr(first, "fingerprint", first) == getattr(again, "fingerprint", again)


def test_two_audit_keys_are_not_guessed_between(home: Path) -> None:
    crypto.create("audit", "one")
    crypto.create("audit", "two")
    with pytest.raises(KeyMissing, match="several"):
        crypto.machine_key("audit")


def test_a_secret_key_is_32_bytes_or_refused(home: Path) -> None:
    file = crypto.create_secret("masking")
    assert len(crypto.load_secret("masking")) == 32
    assert crypto.masking_key() == crypto.load_secret("masking")
    with pytest.raises(KeyExists):
        crypto.create_secret("masking")
    for content in (b"zz", b"ab" * 31, b""):
        write_atomic(file, content)
        with pytest.raises(KeyUnreadable, match="32 bytes"):
            crypto.load_secret("masking")


def _store_file(home: Path) -> Path:
    return next((home / "trust" / "reviewer").glob("ada-*.json"))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no JSON": lambda file: file.write_text("{"),
    "a field too many": lambda file: _set(file, admin=True),
    "another fingerprint": lambda file: _set(file, fingerprint="0" * 64),
    "a key that is none": lambda file: _set(file, public_pem="hello"),
    "a key of another kind": lambda file: _set(file, role="bundle"),
    "another role": lambda file: _set(file, role="audit"),
}


def _set(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_trust_store_trusts_nobody(home: Path, what: str) -> None:
    mark = crypto.create("reviewer", "ada").fingerprint
    assert TrustStore().find("reviewer", mark).name == "ada"
    DAMAGE[what](_store_file(home))
    with pytest.raises(KeyUnreadable):
        TrustStore().find("reviewer", mark)


def test_a_trust_store_that_others_can_write_trusts_nobody(home: Path) -> None:
    mark = crypto.create("reviewer", "ada").fingerprint
    _store_file(home).chmod(0o444)
    assert TrustStore().find("reviewer", mark), "reading is anybody's right: it is a public key"
    for mode in (0o666, 0o620, 0o602):
        _store_file(home).chmod(mode)
        with pytest.raises(KeyInsecure, match="can write"):
            TrustStore().find("reviewer", mark)


def test_a_key_is_trusted_for_its_role_only(home: Path) -> None:
    mark = crypto.create("reviewer", "ada").fingerprint
    with pytest.raises(UntrustedKey, match="No trusted audit key"):
        TrustStore().find("audit", mark)


def test_trusting_the_same_key_twice_changes_nothing(home: Path) -> None:
    made = crypto.create("reviewer", "ada")
    assert TrustStore().add("reviewer", "other-name", made.public_pem) == made
    assert len(TrustStore().keys()) == 1


def test_a_revoked_key_stays_revoked_from_its_first_day(home: Path) -> None:
    store = TrustStore()
    first = store.revoke(crypto.create("reviewer", "ada"))
    assert store.revoke(first).revoked_at == first.revoked_at
    assert first.state == "revoked"
    with pytest.raises(UntrustedKey, match="revoked"):
        store.find("reviewer", first.fingerprint)


def test_a_snapshot_does_not_change_with_the_store(home: Path) -> None:
    key = crypto.create("reviewer", "ada")
    snapshot = TrustStore().snapshot()
    TrustStore().revoke(key)
    assert snapshot.find("reviewer", key.fingerprint) == key
    assert snapshot.keys("audit") == []


def test_a_public_key_that_is_none_is_not_trusted(home: Path) -> None:
    with pytest.raises(KeyUnreadable, match="Not a public key"):
        TrustStore().add("reviewer", "ada", "hello")
    curve = public_pem(ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(KeyUnreadable, match="reviewer key is Ed25519"):
        TrustStore().add("reviewer", "ada", curve)
    assert TrustStore().add("bundle", "release", curve)
