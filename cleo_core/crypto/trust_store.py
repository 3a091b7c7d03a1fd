"""The trust store: which public keys may sign what.

One small JSON file per key below ``<home>/trust/<role>/``. Who may write there decides who is a reviewer, so the
folder belongs to the operator of the machine: MLflow has no part in it, and whoever serves needs only to read it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from cleo_core.clock import timestamp
from cleo_core.crypto.errors import KeyUnreadable, UntrustedKey
from cleo_core.crypto.private_file import read_private
from cleo_core.errors import ConfigError, InputError
from cleo_core.files import write_json
from cleo_core.settings import CoreSettings, home, load

Role = Literal["bundle", "reviewer", "audit"]
ROLES: tuple[Role, ...] = get_args(Role)
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def check_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a key.", hint="Lower-case letters, digits, '.', '_', '-'; at most 63, e.g. ada."
        )
    return name


def public_pem(key: PublicKey) -> str:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(key: PublicKey) -> str:
    """sha256 of the key's SubjectPublicKeyInfo in DER, in hex."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def parse_public(pem: str, role: Role) -> PublicKey:
    """The public key in a PEM, of the kind its role asks for.

    Raises:
        KeyUnreadable: not a key, or of another kind.
    """
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError) as error:
        raise KeyUnreadable(f"Not a public key in PEM: {error}") from None
    if role == "bundle" and isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if role != "bundle" and isinstance(key, ed25519.Ed25519PublicKey):
        return key
    wanted = "EC P-256" if role == "bundle" else "Ed25519"
    raise KeyUnreadable(f"A {role} key is {wanted}; this one is a {type(key).__name__}.")


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key and what it may sign. Times are UTC; retired: nothing signed later; revoked: nothing at all."""

    role: Role
    name: str
    fingerprint: str
    public_pem: str
    added_at: str
    development: bool = False
    retired_at: str | None = None
    revoked_at: str | None = None

    @property
    def public(self) -> PublicKey:
        return parse_public(self.public_pem, self.role)

    @property
    def state(self) -> str:
        return "revoked" if self.revoked_at else "retired" if self.retired_at else "active"


class TrustStore:
    """The trusted public keys of this machine."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or home("trust")
        self._held: list[TrustedKey] | None = None

    def snapshot(self) -> TrustStore:
        """The store as it is now, for verifying many signatures without reading the files each time."""
        copy = TrustStore(self.root)
        copy._held = self.keys()
        return copy

    def _file(self, key: TrustedKey) -> Path:
        return self.root / key.role / f"{key.name}-{key.fingerprint[:16]}.json"

    def keys(self, role: Role | None = None) -> list[TrustedKey]:
        """All keys, newest first.

        Raises:
            KeyUnreadable: a file of the store was damaged or does not say what its key is.
            KeyInsecure: others could have written it.
        """
        if self._held is not None:
            return [key for key in self._held if role in (None, key.role)]
        found = []
        for wanted in (role,) if role else ROLES:
            for file in sorted((self.root / wanted).glob("*.json")):
                key = self._read(file)
                if key.role != wanted:
                    raise KeyUnreadable(f"{file} holds a {key.role} key, but lies among the {wanted} keys.")
                found.append(key)
        return sorted(found, key=lambda key: (key.role, key.state != "active", key.name, key.added_at))

    @staticmethod
    def _read(file: Path) -> TrustedKey:
        text = read_private(file, "trusted key", public=True)
        try:
            key = TrustedKey(**json.loads(text))
            if fingerprint(key.public) != key.fingerprint:
                raise KeyUnreadable(f"{file} states another fingerprint than its key has.")
        except (ValueError, TypeError, AttributeError) as error:
            raise KeyUnreadable(f"{file} is damaged: {error}", hint="Remove it and trust the key again.") from None
        return key

    def find(self, role: Role, mark: str, *, even_revoked: bool = False) -> TrustedKey:
        """The trusted key with this fingerprint.

        Raises:
            UntrustedKey: there is none for this role, it was revoked, or it is a development key elsewhere.
        """
        for key in self.keys(role):
            if key.fingerprint == mark:
                return key if even_revoked else self.usable(key)
        raise UntrustedKey(
            f"No trusted {role} key has the fingerprint {mark[:16]}…",
            hint=f"`cleo keys list` shows the trusted ones; `cleo keys trust {role} NAME FILE` adds one.",
        )

    @staticmethod
    def usable(key: TrustedKey) -> TrustedKey:
        """The key itself, when it may be relied on here and now."""
        if key.revoked_at:
            raise UntrustedKey(f"The {key.role} key {key.name!r} was revoked on {key.revoked_at}.")
        environment = load(CoreSettings).environment
        if key.development and environment != "development":
            raise UntrustedKey(
                f"The {key.role} key {key.name!r} is a development key; this is {environment}.",
                hint=f"Make a real one: cleo keys init {key.role} --name NAME",
            )
        return key

    def add(self, role: Role, name: str, pem: str, *, development: bool = False) -> TrustedKey:
        """Trust a public key for a role."""
        if development and load(CoreSettings).environment != "development":
            raise ConfigError("Development keys are for CLEO_ENVIRONMENT=development only.")
        public = parse_public(pem, role)
        mark = fingerprint(public)
        for key in self.keys(role):
            if key.fingerprint == mark:
                return key
        key = TrustedKey(role, check_name(name), mark, public_pem(public), timestamp(), development)
        self._write(key)
        return key

    def retire(self, key: TrustedKey) -> TrustedKey:
        """From now on the key signs nothing; what it signed before stays."""
        return self._write(replace(key, retired_at=key.retired_at or timestamp()))

    def revoke(self, key: TrustedKey) -> TrustedKey:
        """Nothing that the key ever signed holds any more: its private half may be in other hands."""
        return self._write(replace(key, revoked_at=key.revoked_at or timestamp()))

    def _write(self, key: TrustedKey) -> TrustedKey:
        write_json(self._file(key), asdict(key))
        return key
