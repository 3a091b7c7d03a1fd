"""The Merkle tree of RFC 6962 (Certificate Transparency): hashes, proofs, and their verification. No storage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

EMPTY = hashlib.sha256().digest()
Node = Callable[[int, int], bytes]
"""The hash of the complete subtree number `index` of 2**level leaves."""


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two smaller than size."""
    return 1 << (size - 1).bit_length() - 1


def _range(node: Node, low: int, high: int) -> bytes:
    size = high - low
    if size & (size - 1) == 0 and low % size == 0:
        return node(size.bit_length() - 1, low // size)
    middle = low + _split(size)
    return node_hash(_range(node, low, middle), _range(node, middle, high))


def closing(node: Node, index: int, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The complete subtrees that the leaf at `index` closes, as (level, index, hash); reads those to their left."""
    level, found = 0, leaf
    while index & 1:
        found = node_hash(node(level, index - 1), found)
        level, index = level + 1, index >> 1
        yield level, index, found


def root(node: Node, size: int) -> bytes:
    """The head of the tree over the first `size` leaves."""
    return _range(node, 0, size) if size else EMPTY


def inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """The audit path of a leaf: PATH(m, D[n]) of RFC 6962, 2.1.1."""

    def path(low: int, high: int) -> list[bytes]:
        if high - low == 1:
            return []
        middle = low + _split(high - low)
        if index < middle:
            return [*path(low, middle), _range(node, middle, high)]
        return [*path(middle, high), _range(node, low, middle)]

    return path(0, size)


def within(leaf: bytes, index: int, size: int, path: Sequence[bytes], head: bytes) -> bool:
    """Whether a leaf is at `index` of the tree with that head (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    number, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = node_hash(step, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, step)
        number, last = number >> 1, last >> 1
    return last == 0 and found == head


class Stack:
    """A tree that grows leaf by leaf and keeps only the heads of its complete subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._heads: list[bytes] = []

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; the complete subtrees it closes, as (level, index, hash)."""
        closed = list(closing(lambda level, index: self._heads.pop(), self.size, leaf))
        self._heads.append(closed[-1][2] if closed else leaf)
        self.size += 1
        return closed

    def root(self) -> bytes:
        if not self._heads:
            return EMPTY
        found = self._heads[-1]
        for head in reversed(self._heads[:-1]):
            found = node_hash(head, found)
        return found
