"""Private keys: EC P-256 signs bundles, Ed25519 signs decisions and audit checkpoints.

Each lies in a file of its own below ``<home>/keys/<role>/NAME.pem`` (PKCS 8, mode 0600); a reviewer's key may lie
anywhere and be encrypted. Its public half goes to the trust store.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from filelock import FileLock

from cleo_core.crypto.errors import KeyMissing, KeyUnreadable
from cleo_core.crypto.private_file import read_private, write_private
from cleo_core.crypto.settings import TrustSettings
from cleo_core.crypto.trust_store import (
    ROLES,
    PublicKey,
    Role,
    TrustedKey,
    TrustStore,
    check_name,
    fingerprint,
    parse_public,
    public_pem,
)
from cleo_core.errors import ConfigError
from cleo_core.files import write_atomic
from cleo_core.settings import CoreSettings, home, load

Key = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
DEVELOPMENT: dict[Role, str] = {"bundle": "development-bundle", "reviewer": "developer", "audit": "development-audit"}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key that was loaded from its file. Its representation never shows the key."""

    role: Role
    name: str
    path: Path
    key: Key

    def __repr__(self) -> str:
        return f"PrivateKey({self.role} {self.name!r} {self.fingerprint[:16]}…)"

    @property
    def public(self) -> PublicKey:
        return self.key.public_key()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public)


def key_path(role: Role, name: str) -> Path:
    return home("keys") / role / f"{check_name(name)}.pem"


def _generate(role: Role) -> Key:
    return ec.generate_private_key(ec.SECP256R1()) if role == "bundle" else ed25519.Ed25519PrivateKey.generate()


def _pem(key: Key, passphrase: bytes | None) -> bytes:
    sealing: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        sealing = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealing)


def create(
    role: Role, name: str, *, path: Path | None = None, passphrase: bytes | None = None, development: bool = False
) -> TrustedKey:
    """Make a key pair: the private half in a new file, the public half in the trust store.

    Raises:
        KeyExists: there is a key of that name already.
    """
    key = _generate(role)
    store = TrustStore()
    if development and load(CoreSettings).environment != "development":
        raise ConfigError("Development keys are for CLEO_ENVIRONMENT=development only.")
    write_private(path or key_path(role, name), _pem(key, passphrase))
    return store.add(role, name, public_pem(key.public_key()), development=development)


def rotate(role: Role, name: str, *, passphrase: bytes | None = None) -> tuple[TrustedKey, TrustedKey]:
    """Replace a key: the new one signs from now on, the old one is retired and its private half is gone.

    Returns:
        The new and the retired public key.
    """
    old = load_private(role, name, passphrase=lambda: passphrase)
    store = TrustStore()
    trusted = store.find(role, old.fingerprint)
    key = _generate(role)
    # Trusted first: a crash in between leaves a trusted key that nobody has, never a signer nobody trusts.
    fresh = store.add(role, name, public_pem(key.public_key()), development=trusted.development)
    write_atomic(old.path, _pem(key, passphrase))
    return fresh, store.retire(trusted)


def load_private(
    role: Role,
    name: str | None = None,
    *,
    path: Path | None = None,
    passphrase: Callable[[], bytes | None] | None = None,
) -> PrivateKey:
    """The private key of a role on this machine: by name, by path, or the only one there is.

    Args:
        passphrase: asked only when the key is encrypted.

    Raises:
        KeyMissing: there is none, or several and no name.
        KeyInsecure: others can read the file.
        KeyUnreadable: it is no key of this role, or the passphrase is wrong.
    """
    if path is None:
        path = key_path(role, name) if name else _only(role)
    pem = read_private(path, f"{role} key")
    try:
        try:
            key = serialization.load_pem_private_key(pem, None)
        except TypeError:
            secret = passphrase() if passphrase else None
            if not secret:
                raise KeyUnreadable(
                    f"{path} is encrypted.", hint="Set CLEO_TRUST_PASSPHRASE_FILE, or run it in a terminal."
                ) from None
            key = serialization.load_pem_private_key(pem, secret)
        parse_public(public_pem(cast(PublicKey, key.public_key())), role)
    except (ValueError, AttributeError):
        raise KeyUnreadable(f"{path} holds no {role} key, or the passphrase is wrong.") from None
    return PrivateKey(role, name or path.stem, path, cast(Key, key))


def _only(role: Role) -> Path:
    files = sorted((home("keys") / role).glob("*.pem"))
    if len(files) == 1:
        return files[0]
    if not files:
        raise KeyMissing(f"There is no {role} key on this machine.", hint=f"cleo keys init {role} --name NAME")
    names = ", ".join(file.stem for file in files)
    # The development key stands aside as soon as there is a real one.
    real = [file for file in files if file.stem != DEVELOPMENT[role]]
    if len(real) == 1:
        return real[0]
    raise KeyMissing(f"There are several {role} keys: {names}.", hint="Say which: --key NAME.")


def reviewer_key(
    name: str | None = None, *, path: Path | None = None, passphrase: Callable[[], bytes | None] | None = None
) -> PrivateKey:
    """The key of the reviewer who works here: as told, by the settings ``CLEO_TRUST_…``, or the only one there is."""
    settings = load(TrustSettings)
    if settings.passphrase_file:
        file = settings.passphrase_file

        def passphrase() -> bytes | None:
            return read_private(file, "passphrase").rstrip(b"\r\n")

    path = path or (None if name else settings.reviewer_key)
    return load_private("reviewer", name or settings.reviewer, path=path, passphrase=passphrase)


def machine_key(role: Literal["bundle", "audit"]) -> PrivateKey:
    """The key with which this machine signs bundles or audit checkpoints; in development it is made when missing."""
    try:
        return load_private(role)
    except KeyMissing:
        if load(CoreSettings).environment != "development" or any((home("keys") / role).glob("*.pem")):
            raise
    with FileLock(home("keys") / ".lock"):
        if not key_path(role, DEVELOPMENT[role]).exists():
            create(role, DEVELOPMENT[role], development=True)
    return load_private(role)


def _secret_path(name: str) -> Path:
    return home("keys") / "secret" / f"{check_name(name)}.key"


def create_secret(name: str) -> Path:
    """Make a symmetric key of 32 random bytes in a file of its own (hex).

    Raises:
        KeyExists: there is one already; whatever it protects would be lost with it.
    """
    path = _secret_path(name)
    write_private(path, secrets.token_hex(32).encode() + b"\n")
    return path


def load_secret(name: str) -> bytes:
    """A symmetric key of 32 bytes; in development it is made when there is none.

    Raises:
        KeyMissing, KeyInsecure, KeyUnreadable: it is not there, others can read it, or it is something else.
    """
    path = _secret_path(name)
    if load(CoreSettings).environment == "development":
        with FileLock(home("keys") / ".lock"):
            if not path.exists():
                create_secret(name)
    try:
        text = read_private(path, "secret key")
    except KeyMissing as error:
        raise KeyMissing(error.message, hint=f"cleo keys init secret --name {name}") from None
    try:
        key = bytes.fromhex(text.decode().strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeyUnreadable(f"{path} does not hold 32 bytes in hex.")
    return key


def masking_key() -> bytes:
    """The key under which personal data gets its surrogates: the same person gets the same one in every corpus."""
    return load_secret("masking")


def subject_key() -> bytes:
    """The key of the hashes that stand for the people whom records came from; lost, nobody is found again by it."""
    return load_secret("subject")


def ensure_development_keys() -> list[TrustedKey]:
    """Make the keys that a first run needs, where there are none. Returns those it made.

    Raises:
        ConfigError: outside the development environment, where every key is made on purpose.
    """
    environment = load(CoreSettings).environment
    if environment != "development":
        raise ConfigError(f"No development keys in {environment}.", hint="cleo keys init ROLE --name NAME")
    return [
        create(role, DEVELOPMENT[role], development=True)
        for role in ROLES
        if not any((home("keys") / role).glob("*.pem"))
    ]
