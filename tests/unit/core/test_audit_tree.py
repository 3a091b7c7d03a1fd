"""The Merkle tree against RFC 6962's definition, and its proofs against each other."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_core.audit import tree

pytestmark = pytest.mark.unit

# The known answers of the Certificate Transparency reference implementation for these eight leaves.
LEAVES = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def _defined(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + _defined(leaves[:split]) + _defined(leaves[split:])).digest()


def _grown(count: int) -> tuple[tree.Stack, tree.Node]:
    stack = tree.Stack()
    nodes = {}
    for number in range(count):
        leaf = tree.leaf_hash(str(number).encode())
        nodes[0, number] = leaf
        nodes.update({(level, index): joined for level, index, joined in stack.add(leaf)})
    return stack, lambda level, index: nodes[level, index]


@pytest.mark.parametrize("size", ROOTS)
def test_the_roots_are_those_of_the_reference_implementation(size: int) -> None:
    stack = tree.Stack()
    for leaf in LEAVES[:size]:
        stack.add(tree.leaf_hash(leaf))
    assert stack.root().hex() == ROOTS[size] == _defined(LEAVES[:size]).hex()


def test_every_root_up_to_70_is_as_defined() -> None:
    for size in range(71):
        stack, node = _grown(size)
        wanted = _defined([str(number).encode() for number in range(size)])
        assert stack.root() == tree.root(node, size) == wanted


def test_every_leaf_of_every_tree_up_to_40_is_proven_and_nothing_else() -> None:
    for size in range(1, 41):
        stack, node = _grown(size)
        for index in range(size):
            path = tree.inclusion(node, index, size)
            leaf = node(0, index)
            assert tree.within(leaf, index, size, path, stack.root())
            assert not tree.within(leaf, (index + 1) % size, size, path, stack.root()) or size == 1
            assert not tree.within(tree.leaf_hash(b"other"), index, size, path, stack.root())
            assert not tree.within(leaf, index, size, [*path, leaf], stack.root())
            if path:
                assert not tree.within(leaf, index, size, path[:-1], stack.root())


@pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 0)])
def test_places_that_make_no_sense_prove_nothing(index: int, size: int) -> None:
    assert not tree.within(b"x" * 32, index, size, [], b"x" * 32)


@given(st.integers(1, 500), st.data())
def test_a_proof_with_one_bit_changed_does_not_hold(size: int, data: st.DataObject) -> None:
    stack, node = _grown(size)
    index = data.draw(st.integers(0, size - 1))
    path = tree.inclusion(node, index, size)
    assert tree.within(node(0, index), index, size, path, stack.root())
    if path:
        step = data.draw(st.integers(0, len(path) - 1))
        bit = data.draw(st.integers(0, 255))
        raw = bytearray(path[step])
        raw[bit // 8] ^= 1 << bit % 8
        path[step] = bytes(raw)
        assert not tree.within(node(0, index), index, size, path, stack.root())
