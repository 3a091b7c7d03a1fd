"""A decision counts only when a trusted reviewer signed it, for this very version, and while it lasts."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cleo_core.crypto import dsse
from cleo_core.crypto.dsse import Envelope
from cleo_core.crypto.errors import SignatureInvalid, SignatureMissing, UntrustedKey
from cleo_core.crypto.keys import create, load_private, rotate
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.digest import canonical
from cleo_core.errors import InputError
from cleo_core.provenance.approval import PAYLOAD_TYPE, Approval, Subject, governing, issue, sign, verify
from cleo_core.provenance.errors import (
    ApprovalExpired,
    ApprovalInvalid,
    ApprovalMismatch,
    NotApproved,
    Rejected,
    Revoked,
)

pytestmark = [pytest.mark.security, pytest.mark.usefixtures("keys")]

SUBJECT = Subject(name="cleo", version=3, bundle_digest="a" * 64, eval_digest="b" * 64)


def _at(record: Approval, days: float = 0, seconds: float = 0) -> Approval:
    """The record, made at another time."""
    moved = datetime.now(UTC) + timedelta(days=days, seconds=seconds)
    return replace(record, issued_at=moved.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _signed(record: Approval, key: str = "ada") -> Envelope:
    return sign(record, load_private("reviewer", key))


def _approve(**changes: Any) -> Approval:
    return replace(issue("approve", SUBJECT, "ada"), **changes)


def test_a_signed_approval_holds_for_its_version() -> None:
    record = _approve()
    assert verify(_signed(record)) == record
    assert governing([_signed(record)], SUBJECT) == record


def test_without_any_record_a_version_is_not_approved() -> None:
    with pytest.raises(NotApproved, match="not approved by anyone") as refusal:
        governing([], SUBJECT)
    assert "cleo review approve 3" in (refusal.value.hint or "")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "other"), ("version", 2), ("bundle_digest", "c" * 64), ("eval_digest", "d" * 64)],
)
def test_an_approval_for_something_else_is_refused_and_says_what(field: str, value: Any) -> None:
    governing([_signed(_approve())], SUBJECT)
    with pytest.raises(ApprovalMismatch, match=f"another {field.replace('_', ' ')}"):
        governing([_signed(_approve(**{field: value}))], SUBJECT)


def test_an_approval_ends_at_its_very_second() -> None:
    envelope = _signed(_approve(expires_at="2030-01-01T00:00:00Z"))
    assert governing([envelope], SUBJECT, at="2029-12-31T23:59:59Z").reviewer == "ada"
    with pytest.raises(ApprovalExpired, match="expired on 2030-01-01"):
        governing([envelope], SUBJECT, at="2030-01-01T00:00:00Z")


def test_a_revocation_is_final() -> None:
    revoked = _signed(issue("revoke", SUBJECT, "ada", reason="leak"))
    later = _signed(_at(_approve(), seconds=60))
    with pytest.raises(Revoked, match="leak"):
        governing([revoked, later], SUBJECT)


def test_a_rejection_holds_until_a_later_approval() -> None:
    rejected = _signed(_at(issue("reject", SUBJECT, "ada", reason="worse"), days=-1))
    with pytest.raises(Rejected, match="worse"):
        governing([_signed(_at(_approve(), days=-2)), rejected], SUBJECT)
    assert governing([rejected, _signed(_approve())], SUBJECT).decision == "approve"


def test_at_the_same_second_no_counts_for_more_than_yes() -> None:
    yes = _approve()
    no = replace(issue("reject", SUBJECT, "ada"), issued_at=yes.issued_at)
    for order in ([yes, no], [no, yes]):
        with pytest.raises(Rejected):
            governing([_signed(record) for record in order], SUBJECT)


def test_a_revocation_of_the_same_bytes_under_another_number_counts() -> None:
    twin = replace(SUBJECT, version=2)
    with pytest.raises(Revoked):
        governing([_signed(_approve()), _signed(issue("revoke", twin, "ada"))], SUBJECT)


def test_a_revocation_of_another_bundle_does_not_touch_this_one() -> None:
    other = replace(SUBJECT, version=2, bundle_digest="c" * 64)
    assert governing([_signed(_approve()), _signed(issue("revoke", other, "ada"))], SUBJECT)


def test_a_no_stays_a_no_when_its_key_is_revoked() -> None:
    create("reviewer", "bob")
    yes, no = _signed(_approve()), _signed(issue("revoke", SUBJECT, "bob"), "bob")
    TrustStore().revoke(TrustStore().find("reviewer", load_private("reviewer", "bob").fingerprint))
    with pytest.raises(Revoked):
        governing([yes, no], SUBJECT)


def test_a_yes_does_not_survive_its_key() -> None:
    yes = _signed(_approve())
    TrustStore().revoke(TrustStore().find("reviewer", load_private("reviewer", "ada").fingerprint))
    with pytest.raises(ApprovalInvalid, match="revoked"):
        governing([yes], SUBJECT)


def test_what_a_retired_key_signed_before_still_holds_and_nothing_later() -> None:
    before = _signed(_at(_approve(), days=-1))
    old_key = load_private("reviewer", "ada")
    rotate("reviewer", "ada")
    assert governing([before], SUBJECT)
    later = sign(_at(_approve(), seconds=120), old_key)
    with pytest.raises(ApprovalInvalid, match="retired before"):
        governing([later], SUBJECT)
    assert governing([_signed(_approve())], SUBJECT)


def test_a_reviewer_cannot_sign_in_the_name_of_another() -> None:
    create("reviewer", "bob")
    with pytest.raises(ApprovalInvalid, match="signed with the key of 'bob'"):
        verify(_signed(_approve(), "bob"))
    assert verify(_signed(_approve(reviewer="bob"), "bob"))


def test_an_unknown_reviewer_is_refused(home: Any) -> None:
    create("reviewer", "mallory")
    envelope = _signed(_approve(reviewer="mallory"), "mallory")
    assert verify(envelope)
    for file in (home / "trust" / "reviewer").glob("mallory-*.json"):
        file.unlink()
    with pytest.raises(ApprovalInvalid, match="No trusted reviewer key"):
        governing([envelope], SUBJECT)


def test_the_audit_key_cannot_approve() -> None:
    with pytest.raises(InputError, match="reviewer's key"):
        sign(_approve(), load_private("audit"))
    forged = dsse.sign(PAYLOAD_TYPE, _plain(_approve()), load_private("audit"))
    with pytest.raises(ApprovalInvalid, match="No trusted reviewer key"):
        verify(forged)


def test_the_bundle_key_cannot_approve() -> None:
    with pytest.raises(SignatureInvalid):
        dsse.sign(PAYLOAD_TYPE, _plain(_approve()), load_private("bundle"))


def test_a_decision_from_the_future_is_refused() -> None:
    assert verify(_signed(_at(_approve(), seconds=200)))
    with pytest.raises(ApprovalInvalid, match="future"):
        verify(_signed(_at(_approve(), seconds=900)))


def test_a_development_key_approves_nothing_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    create("reviewer", "dev", development=True)
    envelope = _signed(_approve(reviewer="dev"), "dev")
    assert governing([envelope], SUBJECT)
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    with pytest.raises(ApprovalInvalid, match="development key; this is production"):
        governing([envelope], SUBJECT)
    assert governing([_signed(_approve())], SUBJECT)


def _plain(record: Approval) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(record)


def _payload(change: Callable[[dict[str, Any]], object]) -> Callable[[Envelope], object]:
    def apply(envelope: Envelope) -> None:
        value = json.loads(base64.b64decode(envelope["payload"]))
        change(value)
        envelope["payload"] = base64.b64encode(canonical(value)).decode()

    return apply


def _flip(envelope: Envelope) -> None:
    raw = bytearray(base64.b64decode(envelope["signatures"][0]["sig"]))
    raw[0] ^= 1
    envelope["signatures"][0]["sig"] = base64.b64encode(raw).decode()


TAMPERED: dict[str, Callable[[Envelope], object]] = {
    "a later expiry": _payload(lambda value: value.update(expires_at="2099-01-01T00:00:00Z")),
    "a reject turned into approve": _payload(lambda value: value.update(decision="approve")),
    "another version": _payload(lambda value: value.update(version=4)),
    "a flipped bit": _flip,
    "no signature": lambda envelope: envelope.update(signatures=[]),
    "signatures that are no list": lambda envelope: envelope.update(signatures={"keyid": "x"}),
    "no signatures at all": lambda envelope: envelope.pop("signatures"),
    "two signatures": lambda envelope: envelope["signatures"].append(envelope["signatures"][0]),
    "a signature that is no base64": lambda envelope: envelope["signatures"][0].update(sig="%%%"),
    "a signature that is a number": lambda envelope: envelope["signatures"][0].update(sig=7),
    "no key id": lambda envelope: envelope["signatures"][0].pop("keyid"),
    "a payload that is no base64": lambda envelope: envelope.update(payload="{}"),
    "no payload": lambda envelope: envelope.pop("payload"),
    "another type": lambda envelope: envelope.update(payloadType="application/vnd.cleoai.checkpoint+json"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_record_that_was_tampered_with_is_refused(what: str) -> None:
    envelope = _signed(issue("reject", SUBJECT, "ada"))
    verify(envelope)
    TAMPERED[what](envelope)
    with pytest.raises(ApprovalInvalid):
        verify(envelope)


@pytest.mark.parametrize("envelope", [None, [], "approve", 3, {}])
def test_what_is_no_envelope_is_refused(envelope: Any) -> None:
    with pytest.raises(ApprovalInvalid):
        verify(envelope)


def test_a_signature_swapped_from_another_record_is_refused() -> None:
    one, two = _signed(_approve()), _signed(_approve(version=4))
    one["signatures"] = two["signatures"]
    with pytest.raises(ApprovalInvalid, match="changed"):
        verify(one)


MALFORMED: dict[str, Callable[[dict[str, Any]], object]] = {
    "a field too many": lambda value: value.update(admin=True),
    "a field too few": lambda value: value.pop("reason"),
    "an unknown decision": lambda value: value.update(decision="maybe"),
    "a version that is a text": lambda value: value.update(version="3"),
    "a version that is true": lambda value: value.update(version=True),
    "a time without a zone": lambda value: value.update(expires_at="2099-01-01T00:00:00"),
    "a time that is a number": lambda value: value.update(expires_at=4102444800),
    "a short digest": lambda value: value.update(bundle_digest="a" * 63),
    "a digest in capitals": lambda value: value.update(bundle_digest="A" * 64),
    "a reviewer that is a list": lambda value: value.update(reviewer=["ada"]),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_record_is_refused_even_when_rightly_signed(what: str) -> None:
    value = _plain(_approve())
    verify(dsse.sign(PAYLOAD_TYPE, value, load_private("reviewer", "ada")))
    MALFORMED[what](value)
    with pytest.raises(ApprovalInvalid, match="malformed"):
        verify(dsse.sign(PAYLOAD_TYPE, value, load_private("reviewer", "ada")))


def test_a_day_that_does_not_exist_is_refused() -> None:
    assert verify(_signed(_approve(issued_at="2026-02-28T00:00:00Z")))
    with pytest.raises(ApprovalInvalid, match="malformed"):
        verify(_signed(_approve(issued_at="2026-02-31T00:00:00Z")))


@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b'{"b":1,"a":2}', b'{"a": 1}', b"[1]", b"3", b"nonsense"])
def test_a_payload_that_is_not_canonical_is_refused_even_when_rightly_signed(body: bytes) -> None:
    key = load_private("reviewer", "ada")
    raw = key.key.sign(dsse.pae("t", body))  # type: ignore[call-arg]  # an Ed25519 key, by its role
    envelope = {
        "payloadType": "t",
        "payload": base64.b64encode(body).decode(),
        "signatures": [{"keyid": key.fingerprint, "sig": base64.b64encode(raw).decode()}],
    }
    with pytest.raises(SignatureInvalid):
        dsse.open_envelope(envelope, "t", "reviewer")


def test_the_signed_form_is_dsse() -> None:
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_each_fault_of_an_envelope_has_its_own_error() -> None:
    envelope = dsse.sign("t", {"a": 1}, load_private("reviewer", "ada"))
    assert dsse.open_envelope(envelope, "t", "reviewer")[0] == {"a": 1}
    with pytest.raises(SignatureMissing):
        dsse.open_envelope(envelope | {"signatures": []}, "t", "reviewer")
    with pytest.raises(UntrustedKey):
        dsse.open_envelope(envelope, "t", "audit")
    with pytest.raises(SignatureInvalid):
        dsse.open_envelope(envelope, "u", "reviewer")


def test_a_bundle_key_in_the_place_of_a_reviewers_signs_no_record() -> None:
    key = load_private("bundle")
    envelope = {"payloadType": "t", "payload": "e30=", "signatures": [{"keyid": key.fingerprint, "sig": "AA=="}]}
    with pytest.raises(SignatureInvalid, match="does not sign records"):
        dsse.open_envelope(envelope, "t", "bundle")


def test_a_decision_that_lasts_no_time_cannot_be_made() -> None:
    with pytest.raises(InputError, match="cannot last"):
        issue("approve", SUBJECT, "ada", days=0)


def test_only_a_rollback_says_what_it_replaces() -> None:
    with pytest.raises(InputError):
        issue("rollback", SUBJECT, "ada")
    with pytest.raises(InputError):
        issue("approve", SUBJECT, "ada", supersedes=4)
    assert issue("rollback", SUBJECT, "ada", supersedes=4).supersedes == 4


def test_a_rollback_is_no_approval() -> None:
    with pytest.raises(NotApproved):
        governing([_signed(issue("rollback", SUBJECT, "ada", supersedes=4))], SUBJECT)


def test_a_valid_approval_counts_whatever_lies_beside_it() -> None:
    envelopes = [{"payloadType": "junk"}, _signed(_approve(version=9)), _signed(_approve())]
    assert governing(envelopes, SUBJECT)
