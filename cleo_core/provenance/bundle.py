"""A bundle's digest and its OpenSSF Model Signing (OMS) signature, which lies outside the folder.

Signer and verifier use the same explicit hashing configuration. The library's default leaves out git files, and it
lets a signature name paths to leave out: here nothing may be left out, and a signature that says otherwise is refused.
Whatever goes wrong while verifying is a refusal.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cleo_core.crypto.dsse import pae
from cleo_core.crypto.errors import SignatureMissing, UntrustedKey
from cleo_core.crypto.keys import PrivateKey, load_private
from cleo_core.crypto.trust_store import TrustedKey, TrustStore
from cleo_core.digest import digest_json, sha256_file
from cleo_core.errors import CleoError, InputError
from cleo_core.files import write_atomic
from cleo_core.provenance.contents import check_contents, list_files
from cleo_core.provenance.errors import BundleChanged, BundleSignatureInvalid

SERIALIZATION = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
PREDICATE = "https://model_signing/signature/v1.0"
LIMIT = 16 << 20


@dataclass(frozen=True, slots=True)
class BundleSignature:
    """A signature that holds. `digest` is the bundle's digest, computed from the very hashes that were signed."""

    digest: str
    files: dict[str, str]
    signer: TrustedKey


def bundle_digest(folder: Path) -> str:
    """sha256 over the canonical JSON of {file name: sha256}: the name of a bundle everywhere.

    Raises:
        BundleRefused: something in the folder may not be in a bundle.
    """
    return digest_json({name: sha256_file(path) for name, path in list_files(folder).items()})


def _hashing() -> Any:
    from model_signing import hashing

    config: Any = hashing.Config  # the library is half typed
    return (
        config()
        .use_file_serialization(hashing_algorithm="sha256", allow_symlinks=False)
        .set_ignored_paths(paths=[], ignore_git_paths=False)
        .set_allow_symlinks(False)
    )


def sign(folder: Path, signature: Path, key: PrivateKey | None = None) -> BundleSignature:
    """Sign a bundle with the bundle key of this machine; writes the signature file and verifies it.

    Raises:
        BundleRefused: something in the folder may not be in a bundle.
        KeyMissing: there is no bundle key.
        InputError: the signature would lie inside the folder it signs.
    """
    from model_signing import signing

    if signature.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            "The signature of a bundle lies outside its folder.", hint=f"E.g. {folder.name}.sig beside it."
        )
    check_contents(folder)
    key = key or load_private("bundle")
    signer: Any = signing.Config
    config = signer().set_hashing_config(_hashing()).use_elliptic_key_signer(private_key=key.path)
    with tempfile.TemporaryDirectory(prefix="cleo-sign-") as scratch:
        draft = Path(scratch) / "bundle.sig"
        config.sign(folder, draft)
        write_atomic(signature, draft.read_bytes())
    return verify_signature(folder, signature)


def verify_signature(folder: Path, signature: Path, public_key: TrustedKey | None = None) -> BundleSignature:
    """Verify that the folder holds what was signed, no more, no less and nothing else, by a trusted bundle key.

    Args:
        public_key: demand this key; by default any that the trust store holds for bundles.

    Raises:
        SignatureMissing: there is no signature file.
        UntrustedKey: it is by a key that is not trusted, or by another than demanded.
        BundleRefused: something in the folder may not be in a bundle.
        BundleChanged: files were changed, added or removed.
        BundleSignatureInvalid: the signature does not hold.
    """
    raw = _read(signature)
    try:
        envelope, hint = _parse(raw)
        key = _signer(hint, public_key)
        files = list_files(folder)
        _verify(folder, raw, key)
        signed = _statement(envelope)
        # What the library compared is compared here once more, against the names that were checked above.
        if set(signed) != set(files):
            raise BundleChanged(_difference(signed, dict.fromkeys(files, "")) or "The bundle changed meanwhile.")
        # Only now: nothing of a file is read as JSON or weights before it is known to be the one that was signed.
        check_contents(folder)
    except CleoError:
        raise
    except Exception as error:
        raise _refusal(folder, raw, error) from error
    return BundleSignature(digest_json(signed), signed, key)


def verify_part(folder: Path, signature: Path, names: Collection[str]) -> BundleSignature:
    """Verify that the folder holds these files of the bundle that was signed, each that the bundle has, and no other.

    Raises:
        SignatureMissing, UntrustedKey, BundleRefused, BundleChanged, BundleSignatureInvalid: as `verify_signature`.
    """
    raw = _read(signature)
    try:
        envelope, hint = _parse(raw)
        key = _signer(hint, None)
        public = key.public
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise BundleSignatureInvalid("A bundle is signed with a bundle key.")
        said = pae(envelope["payloadType"], base64.b64decode(envelope["payload"], validate=True))
        public.verify(base64.b64decode(envelope["signatures"][0]["sig"]), said, ec.ECDSA(hashes.SHA256()))
        signed = _statement(envelope)
        found = {name: sha256_file(path) for name, path in list_files(folder).items()}
    except CleoError:
        raise
    except Exception as error:
        raise BundleSignatureInvalid(
            f"The signature of the bundle does not hold ({type(error).__name__}).", hint="Do not load it."
        ) from error
    if difference := _difference({name: signed[name] for name in names if name in signed}, found):
        raise BundleChanged(difference)
    return BundleSignature(digest_json(signed), signed, key)


def _read(signature: Path) -> bytes:
    if signature.is_symlink() or not signature.is_file():
        raise SignatureMissing(f"There is no signature {signature.name!r}.", hint="The bundle must be signed anew.")
    if signature.stat().st_size > LIMIT:
        raise BundleSignatureInvalid(f"The signature has {signature.stat().st_size} bytes; no signature has.")
    return signature.read_bytes()


def _parse(raw: bytes) -> tuple[dict[str, Any], str]:
    bundle = json.loads(raw)
    envelope = bundle["dsseEnvelope"]
    if not isinstance(envelope.get("signatures"), list) or len(envelope["signatures"]) != 1:
        raise SignatureMissing("The signature file must carry exactly one signature.")
    return envelope, bundle["verificationMaterial"]["publicKey"]["hint"]


def _signer(hint: str, demanded: TrustedKey | None) -> TrustedKey:
    """The trusted key that the hint (sha256 of the PEM, as OMS has it) speaks of."""
    candidates = [demanded] if demanded else TrustStore().keys("bundle")
    for key in candidates:
        if hashlib.sha256(key.public_pem.encode()).hexdigest() == hint:
            return TrustStore.usable(key)
    raise UntrustedKey(
        f"The bundle is signed by a key that is not trusted here ({str(hint)[:16]}…).",
        hint="Only if you know whose it is: cleo keys trust bundle NAME FILE",
    )


def _verify(folder: Path, raw: bytes, key: TrustedKey) -> None:
    from model_signing import verifying

    # The bytes that were parsed are the bytes that are verified: the library gets a private copy of them.
    with tempfile.TemporaryDirectory(prefix="cleo-verify-") as scratch:
        pem, signature = Path(scratch) / "key.pem", Path(scratch) / "bundle.sig"
        pem.write_text(key.public_pem)
        signature.write_bytes(raw)
        verifier: Any = verifying.Config
        config = verifier().set_hashing_config(_hashing()).use_elliptic_key_verifier(public_key=pem)
        config.verify(folder, signature)


def _statement(envelope: dict[str, Any]) -> dict[str, str]:
    """The signed {file: sha256}, when the statement is of exactly the form that `sign` makes."""
    statement = json.loads(base64.b64decode(envelope["payload"]))
    predicate = statement["predicate"]
    if statement["predicateType"] != PREDICATE or predicate["serialization"] != SERIALIZATION:
        raise BundleSignatureInvalid("The signature covers the folder in another way than ours, or leaves paths out.")
    resources = predicate["resources"]
    if any(resource["algorithm"] != "sha256" for resource in resources):
        raise BundleSignatureInvalid("The signature uses another hash than sha256.")
    files = {resource["name"]: resource["digest"] for resource in resources}
    if len(files) != len(resources):
        raise BundleSignatureInvalid("The signature names a file twice.")
    return files


def _refusal(folder: Path, raw: bytes, error: Exception) -> CleoError:
    """Say what is wrong: files that differ from what the (perhaps forged) statement says, or the signature itself."""
    with suppress(Exception):  # this only words the refusal, which follows either way
        found = {name: sha256_file(path) for name, path in list_files(folder).items()}
        if difference := _difference(_statement(_parse(raw)[0]), found):
            return BundleChanged(difference, hint="Do not load it. Register the bundle anew from its source.")
    return BundleSignatureInvalid(
        f"The signature of the bundle does not hold ({type(error).__name__}).", hint="Do not load it."
    )


def _difference(signed: dict[str, str], found: dict[str, str]) -> str:
    parts = {
        "added": sorted(set(found) - set(signed)),
        "removed": sorted(set(signed) - set(found)),
        "changed": sorted(name for name in set(signed) & set(found) if found[name] and signed[name] != found[name]),
    }
    said = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)
    return f"The bundle is not what was signed: {said}." if said else ""
