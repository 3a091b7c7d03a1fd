"""The bundle's signature: every way of changing what was signed, and every way of signing it wrongly, is refused."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cleo_core.crypto.errors import KeyMissing, SignatureMissing, UntrustedKey
from cleo_core.crypto.keys import create, load_private, rotate
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.digest import tree_digest
from cleo_core.errors import CleoError, InputError
from cleo_core.provenance.bundle import bundle_digest, sign, verify_signature
from cleo_core.provenance.errors import BundleChanged, BundleLink, BundleName, BundleRefused, BundleSignatureInvalid
from tests.trust_bundles import make_bundle, make_keys, safetensors

pytestmark = pytest.mark.security


def _signature(bundle: Path) -> Path:
    return bundle.parent / "bundle.sig"


def test_an_untouched_bundle_verifies_and_its_digest_is_that_of_its_files(bundle: Path) -> None:
    found = verify_signature(bundle, _signature(bundle))
    assert found.digest == bundle_digest(bundle) == tree_digest(bundle)[0]
    assert found.signer.name == "release"


def test_a_bundle_verifies_under_another_folder_name(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "copied")
    assert verify_signature(tmp_path / "copied", _signature(bundle)).digest == bundle_digest(bundle)


@pytest.mark.parametrize(
    "name",
    ["card.md", "config.json", "corpus_manifest.json", "eval_report.json", "lineage.json", "tokenizer.json"],
)
def test_one_changed_byte_in_any_file_is_refused_by_name(bundle: Path, name: str) -> None:
    verify_signature(bundle, _signature(bundle))
    with (bundle / name).open("a") as handle:
        handle.write(" ")
    with pytest.raises(BundleChanged, match=f"changed: {name}"):
        verify_signature(bundle, _signature(bundle))


@pytest.mark.parametrize("name", ["model.safetensors", "model.gguf"])
def test_one_flipped_bit_in_the_weights_is_refused(name: str, tmp_path: Path) -> None:
    make_keys()
    bundle = make_bundle(tmp_path / "both" / "bundle", gguf=True)
    assert name in sign(bundle, _signature(bundle)).files
    raw = bytearray((bundle / name).read_bytes())
    raw[-1] ^= 1
    (bundle / name).write_bytes(raw)
    with pytest.raises(BundleChanged, match=f"changed: {re.escape(name)}"):
        verify_signature(bundle, _signature(bundle))


def test_an_added_file_is_refused_even_one_that_a_bundle_may_have(bundle: Path) -> None:
    (bundle / "merges.txt").write_text("")
    with pytest.raises(BundleChanged, match=r"added: merges\.txt"):
        verify_signature(bundle, _signature(bundle))


@pytest.mark.parametrize("name", [".gitattributes", ".gitignore"])
def test_files_that_the_signing_library_would_pass_over_are_refused(bundle: Path, name: str) -> None:
    (bundle / name).write_text("* filter=evil\n")
    with pytest.raises(BundleName, match=name):
        verify_signature(bundle, _signature(bundle))


def test_a_removed_file_is_refused(bundle: Path) -> None:
    (bundle / "merges.txt").write_text("#")
    sign(bundle, _signature(bundle))
    (bundle / "merges.txt").unlink()
    with pytest.raises(BundleChanged, match=r"removed: merges\.txt"):
        verify_signature(bundle, _signature(bundle))


def test_a_renamed_file_is_refused(bundle: Path) -> None:
    (bundle / "card.md").rename(bundle / "data_card.md")
    (bundle / "card.md").write_text("other")
    with pytest.raises(BundleChanged, match=r"added: data_card\.md; changed: card\.md"):
        verify_signature(bundle, _signature(bundle))


def test_a_file_replaced_by_a_link_to_itself_is_refused(bundle: Path, tmp_path: Path) -> None:
    shutil.move(bundle / "config.json", tmp_path / "config.json")
    (bundle / "config.json").symlink_to(tmp_path / "config.json")
    with pytest.raises(BundleLink):
        verify_signature(bundle, _signature(bundle))


def test_a_hard_linked_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    os.link(bundle / "config.json", tmp_path / "other-name")
    with pytest.raises(BundleLink):
        verify_signature(bundle, _signature(bundle))


def test_a_signature_by_a_key_that_is_not_trusted_is_refused(bundle: Path, home: Path) -> None:
    create("bundle", "stranger")
    for file in (home / "trust" / "bundle").glob("stranger-*.json"):
        file.unlink()
    from model_signing import signing

    from cleo_core.provenance.bundle import _hashing

    config: Any = signing.Config
    config().set_hashing_config(_hashing()).use_elliptic_key_signer(
        private_key=home / "keys" / "bundle" / "stranger.pem"
    ).sign(bundle, _signature(bundle))
    with pytest.raises(UntrustedKey, match="not trusted here"):
        verify_signature(bundle, _signature(bundle))


def test_only_the_demanded_key_will_do_when_one_is_demanded(bundle: Path) -> None:
    release = verify_signature(bundle, _signature(bundle)).signer
    other = create("bundle", "other")
    assert verify_signature(bundle, _signature(bundle), release).signer == release
    with pytest.raises(UntrustedKey):
        verify_signature(bundle, _signature(bundle), other)


def test_a_reviewers_key_cannot_sign_a_bundle(bundle: Path, home: Path) -> None:
    with pytest.raises(CleoError):
        load_private("bundle", path=home / "keys" / "reviewer" / "ada.pem")
    assert load_private("reviewer", path=home / "keys" / "reviewer" / "ada.pem").role == "reviewer"


def test_a_revoked_key_takes_its_signatures_with_it_but_a_retired_one_does_not(bundle: Path) -> None:
    _, old = rotate("bundle", "release")
    assert verify_signature(bundle, _signature(bundle)).signer.state == "retired"
    TrustStore().revoke(old)
    with pytest.raises(UntrustedKey, match="revoked"):
        verify_signature(bundle, _signature(bundle))


def test_a_missing_signature_is_refused(bundle: Path) -> None:
    _signature(bundle).unlink()
    with pytest.raises(SignatureMissing):
        verify_signature(bundle, _signature(bundle))


def test_a_linked_signature_is_refused(bundle: Path, tmp_path: Path) -> None:
    _signature(bundle).rename(tmp_path / "real.sig")
    _signature(bundle).symlink_to(tmp_path / "real.sig")
    with pytest.raises(SignatureMissing):
        verify_signature(bundle, _signature(bundle))


def test_the_signature_of_another_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    other = make_bundle(tmp_path / "other" / "bundle", seed=9)
    sign(other, other.parent / "bundle.sig")
    verify_signature(other, other.parent / "bundle.sig")
    with pytest.raises(BundleChanged, match="changed"):
        verify_signature(bundle, other.parent / "bundle.sig")


def _edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(signature: Path) -> None:
        value = json.loads(signature.read_text())
        change(value)
        signature.write_text(json.dumps(value))

    return apply


def _statement(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(value: dict[str, Any]) -> None:
        statement = json.loads(base64.b64decode(value["dsseEnvelope"]["payload"]))
        change(statement)
        value["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()

    return _edit(apply)


def _flip(value: dict[str, Any]) -> None:
    raw = bytearray(base64.b64decode(value["dsseEnvelope"]["signatures"][0]["sig"]))
    raw[10] ^= 1
    value["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(raw).decode()


FORGED: dict[str, Callable[[Path], object]] = {
    "a flipped bit": _edit(_flip),
    "no signature inside": _edit(lambda value: value["dsseEnvelope"].update(signatures=[])),
    "two signatures": _edit(lambda value: value["dsseEnvelope"]["signatures"].append({"sig": "AA==", "keyid": ""})),
    "an empty signature": _edit(lambda value: value["dsseEnvelope"]["signatures"][0].update(sig="")),
    "no hint of the key": _edit(lambda value: value["verificationMaterial"]["publicKey"].pop("hint")),
    "no envelope": _edit(lambda value: value.pop("dsseEnvelope")),
    "another media type": _edit(lambda value: value.update(mediaType="application/json")),
    "a statement that leaves a path out": _statement(
        lambda told: told["predicate"]["serialization"].update(ignore_paths=["config.json"])
    ),
    "a statement of another kind": _statement(
        lambda told: told.update(predicateType="https://model_signing/Digests/v0.1")
    ),
    "a statement without resources": _statement(lambda told: told["predicate"].update(resources=[])),
    "not JSON": lambda signature: signature.write_text("signed, honestly"),
    "a list": lambda signature: signature.write_text("[]"),
    "empty": lambda signature: signature.write_text(""),
    "not UTF-8": lambda signature: signature.write_bytes(b"\xff\xfe\x00"),
    "nested beyond reason": lambda signature: signature.write_text("[" * 100_000),
    "seventeen megabytes": lambda signature: signature.write_bytes(b" " * (17 << 20)),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_or_broken_signature_file_is_refused(bundle: Path, what: str) -> None:
    verify_signature(bundle, _signature(bundle))
    FORGED[what](_signature(bundle))
    with pytest.raises((BundleSignatureInvalid, SignatureMissing, UntrustedKey, BundleChanged)) as refusal:
        verify_signature(bundle, _signature(bundle))
    assert refusal.value.exit_code == 5


def _sign_with(bundle: Path, home: Path, hashing: Any) -> None:
    from model_signing import signing

    config: Any = signing.Config
    key = home / "keys" / "bundle" / "release.pem"
    config().set_hashing_config(hashing).use_elliptic_key_signer(private_key=key).sign(bundle, _signature(bundle))


@pytest.mark.parametrize("leaves_out", [["card.md"], ["model.safetensors", "card.md"]])
def test_even_the_right_key_cannot_sign_away_a_path(bundle: Path, home: Path, leaves_out: list[str]) -> None:
    from model_signing import hashing

    config: Any = hashing.Config
    _sign_with(bundle, home, config().set_ignored_paths(paths=leaves_out, ignore_git_paths=False))
    with pytest.raises((BundleSignatureInvalid, BundleChanged)):
        verify_signature(bundle, _signature(bundle))


@pytest.mark.parametrize("algorithm", ["blake2", "blake3"])
def test_another_hash_than_sha256_is_refused(bundle: Path, home: Path, algorithm: str) -> None:
    from model_signing import hashing

    config: Any = hashing.Config
    made = config().use_file_serialization(hashing_algorithm=algorithm)
    _sign_with(bundle, home, made.set_ignored_paths(paths=[], ignore_git_paths=False))
    with pytest.raises((BundleSignatureInvalid, BundleChanged)):
        verify_signature(bundle, _signature(bundle))


def test_hashes_of_parts_of_files_are_refused(bundle: Path, home: Path) -> None:
    from model_signing import hashing

    config: Any = hashing.Config
    made = config().use_shard_serialization(shard_size=8)
    _sign_with(bundle, home, made.set_ignored_paths(paths=[], ignore_git_paths=False))
    with pytest.raises((BundleSignatureInvalid, BundleChanged)):
        verify_signature(bundle, _signature(bundle))


def test_any_fault_of_the_library_is_a_refusal(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_signing import verifying

    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("a bug in somebody's code")

    verify_signature(bundle, _signature(bundle))
    monkeypatch.setattr(verifying.Config, "verify", broken)
    with pytest.raises(BundleSignatureInvalid, match="ZeroDivisionError"):
        verify_signature(bundle, _signature(bundle))


def test_a_library_that_waves_everything_through_is_not_believed(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_signing import verifying

    (bundle / "merges.txt").write_text("")
    monkeypatch.setattr(verifying.Config, "verify", lambda *args, **kwargs: None)
    with pytest.raises(BundleChanged, match=r"merges\.txt"):
        verify_signature(bundle, _signature(bundle))


def test_a_signature_inside_the_folder_it_signs_is_refused(bundle: Path) -> None:
    with pytest.raises(InputError, match="outside"):
        sign(bundle, bundle / "bundle.sig")


def test_a_bundle_that_may_not_be_is_not_signed(bundle: Path) -> None:
    (bundle / "run.py").write_text("")
    before = _signature(bundle).read_bytes()
    with pytest.raises(BundleRefused):
        sign(bundle, _signature(bundle))
    assert _signature(bundle).read_bytes() == before


def test_signing_without_a_key_names_the_command(home: Path, tmp_path: Path) -> None:
    made = make_bundle(tmp_path / "bundle")
    with pytest.raises(KeyMissing) as refusal:
        sign(made, tmp_path / "bundle.sig")
    assert "cleo keys init bundle" in (refusal.value.hint or "")


def test_the_signature_speaks_of_every_file(bundle: Path) -> None:
    (bundle / "vocab.json").write_text("{}")
    (bundle / "model.safetensors").write_bytes(safetensors(("z", "I8", [3], b"abc")))
    found = sign(bundle, _signature(bundle))
    assert set(found.files) == {path.name for path in bundle.iterdir()}
