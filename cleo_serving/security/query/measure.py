"""What a GraphQL document adds up to: depth, aliases, fields, directives and cost, in one walk over its text.

Each fragment is entered once and its sums are kept, so doubling fragments (a spreads b twice, b spreads c twice, …)
cost what their text costs, not what they would expand to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    SelectionSetNode,
    VariableNode,
)

from cleo_serving.errors import QueryRejected
from cleo_serving.settings import QueryLimits

# Sums stop here, so that a product of pages over many levels stays a small integer.
CAP = 10**9
PAGE_ARGUMENTS = frozenset({"first", "last", "limit"})
PAGED_FIELDS = frozenset({"conversations", "memories", "searchMemories", "turns", "preferences"})

# What one call of a root field costs beside its fields: a generation occupies the processor for seconds.
FIELD_COST = {
    "ask": 100, "chat": 100, "exportMyData": 200, "eraseMyData": 200, "searchMemories": 10, "remember": 5,
    "editMemory": 5, "setPreference": 5, "unsetPreference": 5, "deleteConversation": 20, "memoryStats": 5,
    "memoryPolicy": 5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection adds up to, fragments counted at every place where they are spread."""

    depth: int = 0
    cost: int = 0
    aliases: int = 0
    fields: int = 0
    directives: int = 0
    roots: int = 0
    """Fields on the level of the selection itself."""


@dataclass(slots=True, kw_only=True)
class Measurer:
    """Measures the selections of one document."""

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    limits: QueryLimits
    introspection: bool
    _measured: dict[str, Measure] = field(default_factory=dict)
    _entered: set[str] = field(default_factory=set)

    def selection(self, selection_set: SelectionSetNode | None) -> Measure:
        depth = cost = aliases = fields = directives = roots = 0
        for node in selection_set.selections if selection_set else ():
            directives += len(node.directives)
            if isinstance(node, FieldNode):
                part = self._field(node)
            elif isinstance(node, FragmentSpreadNode):
                part = self.fragment(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                part = self.selection(node.selection_set)
            else:
                raise QueryRejected("it holds an unknown selection")
            depth = max(depth, part.depth)
            cost = min(CAP, cost + part.cost)
            aliases = min(CAP, aliases + part.aliases)
            fields = min(CAP, fields + part.fields)
            directives = min(CAP, directives + part.directives)
            roots = min(CAP, roots + part.roots)
        return Measure(depth, cost, aliases, fields, directives, roots)

    def _field(self, node: FieldNode) -> Measure:
        name = node.name.value
        if name in ("__schema", "__type") and not self.introspection:
            raise QueryRejected("introspection is off")
        below = self.selection(node.selection_set)
        # The cost of a root field also inside a fragment: whether it is spread at the root is not known there.
        cost = min(CAP, 1 + self._page(node) * below.cost + FIELD_COST.get(name, 0))
        aliases = below.aliases + (node.alias is not None)
        return Measure(1 + below.depth, cost, aliases, 1 + below.fields, below.directives, roots=1)

    def fragment(self, name: str) -> Measure:
        if name in self._measured:
            return self._measured[name]
        if name not in self.fragments:
            raise QueryRejected("it spreads a fragment that is not defined")
        if name in self._entered:
            raise QueryRejected("its fragments spread each other in a circle")
        self._entered.add(name)
        found = self.selection(self.fragments[name].selection_set)
        self._measured[name] = found
        return found

    def _page(self, node: FieldNode) -> int:
        """How often the fields below are answered at most: the page asked for."""
        if node.selection_set is None:
            return 1
        for argument in node.arguments:
            if argument.name.value in PAGE_ARGUMENTS:
                return self._page_size(argument.value)
        if node.name.value in ("edges", "nodes"):
            return 1
        return self.limits.default_page if node.name.value in PAGED_FIELDS else 1

    def _page_size(self, value: object) -> int:
        size: object = None
        if isinstance(value, VariableNode):
            size = self.variables.get(value.name.value)
        elif isinstance(value, IntValueNode):
            size = integer(value)
        if size is None:
            size = self.limits.default_page
        if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= self.limits.max_page:
            raise QueryRejected(f"a page must have 1 to {self.limits.max_page} entries")
        return size


def integer(node: IntValueNode) -> int:
    """The number, or `CAP` for one of so many digits that to read it would cost quadratic time."""
    return int(node.value) if len(node.value) <= 10 else CAP
