"""A ciphertext opens where it was sealed, and nowhere else."""

from __future__ import annotations

import dataclasses
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from cleo_memory.encryption.envelope import Binding, key_version_of, open_envelope, seal_envelope
from cleo_memory.encryption.keyring import UserKeys
from cleo_memory.errors import KeyUnavailable, SealBroken
from cleo_memory.records import Owner

pytestmark = pytest.mark.unit

CIPHER = AESGCM(os.urandom(32))
HERE = Binding("acme", Owner("a" * 32), "r1", "content", "warm", 3)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("tenant", "acm"),
        ("owner", "b" * 32),
        ("record", "r2"),
        ("field", "vector"),
        ("location", "cold"),
        ("version", 2),
    ],
)
def test_a_moved_ciphertext_does_not_open(field: str, other: object) -> None:
    envelope = seal_envelope(CIPHER, 1, HERE, b"peanuts")
    assert open_envelope(CIPHER, HERE, envelope) == b"peanuts"
    with pytest.raises(SealBroken):
        open_envelope(CIPHER, dataclasses.replace(HERE, **{field: other}), envelope)


def test_every_changed_byte_is_noticed() -> None:
    envelope = seal_envelope(CIPHER, 1, HERE, b"peanuts")
    for place in range(len(envelope)):
        changed = bytearray(envelope)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            open_envelope(CIPHER, HERE, bytes(changed))
    with pytest.raises(SealBroken):
        open_envelope(CIPHER, HERE, envelope[:-1])
    assert open_envelope(CIPHER, HERE, envelope) == b"peanuts"


TEXTS = st.text(max_size=8)


@given(st.tuples(TEXTS, TEXTS, TEXTS), st.tuples(TEXTS, TEXTS, TEXTS))
def test_two_different_bindings_never_have_the_same_bytes(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    def encode(parts: tuple[str, ...]) -> bytes:
        return Binding(parts[0], Owner(parts[1]), parts[2], "f", "p", 1).encode(1)

    assert (encode(one) == encode(other)) == (one == other)


def test_a_key_opens_what_its_older_versions_sealed_until_they_are_retired() -> None:
    first, second, lookup = os.urandom(32), os.urandom(32), os.urandom(32)
    owner = Owner("c" * 32)
    old = UserKeys("acme", owner, {0: lookup, 1: first}).seal("r", "content", "warm", 1, b"text")
    both = UserKeys("acme", owner, {0: lookup, 1: first, 2: second})
    assert both.open("r", "content", "warm", 1, old) == b"text"
    assert key_version_of(both.seal("r", "content", "warm", 1, b"text")) == 2
    with pytest.raises(KeyUnavailable):
        UserKeys("acme", owner, {0: lookup, 2: second}).open("r", "content", "warm", 1, old)


def test_purposes_have_keys_of_their_own() -> None:
    keys = UserKeys("acme", Owner("d" * 32), {0: os.urandom(32), 1: os.urandom(32)})
    assert keys.blind("thread", "x") != keys.blind("slot", "x")
    assert keys.blind("thread", "x") == keys.blind("thread", "x")
    assert keys.mac(1, b"x") != keys.blind("digest", "x")
