"""A sealed value opens with its key, in its place, unchanged; and in no other case."""

from __future__ import annotations

import pytest

from cleo_core.crypto.errors import SealBroken
from cleo_core.crypto.sealing import associated_data, derive, key_version, new_key, open_sealed, seal

pytestmark = pytest.mark.security

PLACE = ("tenant", "user", "record", "field", 3)


def test_a_sealed_value_opens_in_its_place() -> None:
    key = new_key()
    envelope = seal(key, b"text", belongs=PLACE, version=7)
    assert open_sealed(key, envelope, belongs=PLACE) == b"text"
    assert open_sealed({7: key}.__getitem__, envelope, belongs=PLACE) == b"text"
    assert key_version(envelope) == 7
    assert seal(key, b"text", belongs=PLACE) != seal(key, b"text", belongs=PLACE)


@pytest.mark.parametrize("changed", range(18 + 4 + 16))
def test_a_sealed_value_with_any_byte_changed_does_not_open(changed: int) -> None:
    key = new_key()
    envelope = bytearray(seal(key, b"text", belongs=PLACE))
    assert open_sealed(key, bytes(envelope), belongs=PLACE)
    envelope[changed] ^= 1
    with pytest.raises(SealBroken):
        open_sealed(key, bytes(envelope), belongs=PLACE)


@pytest.mark.parametrize("number", range(5))
def test_a_sealed_value_that_was_moved_does_not_open(number: int) -> None:
    key = new_key()
    envelope = seal(key, b"text", belongs=PLACE)
    elsewhere = [*PLACE]
    elsewhere[number] = "other"
    with pytest.raises(SealBroken, match="changed, moved, or under another key"):
        open_sealed(key, envelope, belongs=elsewhere)


@pytest.mark.parametrize("envelope", [b"", b"x" * 10, b"\x02\x01" + b"\0" * 40, b"\x01\x02" + b"\0" * 40])
def test_what_is_no_sealed_value_does_not_open(envelope: bytes) -> None:
    with pytest.raises(SealBroken):
        open_sealed(new_key(), envelope, belongs=PLACE)


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealBroken):
        open_sealed(new_key(), seal(new_key(), b"text", belongs=PLACE), belongs=PLACE)


def test_no_two_lists_of_parts_read_the_same() -> None:
    lists: list[list[str | bytes | int]] = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], []]
    assert len({associated_data(parts) for parts in lists}) == len(lists)


def test_a_key_for_one_purpose_says_nothing_of_another() -> None:
    key = new_key()
    made = {derive(key, "records"), derive(key, "vectors"), derive(key, "records", salt=b"s"), key}
    assert len(made) == 4
    assert derive(key, "records") == derive(key, "records")
    assert {len(one) for one in made} == {32}
