"""What a GraphQL document may ask for, decided in linear time before the library validates or runs it.

Three passes, each linear in the document: the lexer counts tokens and nesting, so that the recursive parser is safe;
the parser builds the tree; and a walk adds up depth, aliases, fields, directives and cost, entering each fragment
once. Doubling fragments (a spreads b twice, b spreads c twice, …) therefore costs what its text costs, not what it
would expand to: depth and alias limiters that expand spreads are exponential on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Source,
    TokenKind,
    VariableNode,
    parse,
)
from graphql.language.lexer import Lexer

from cleo_serving.errors import QueryRejected
from cleo_serving.settings import QueryLimits

__all__ = ["Admitted", "Measure", "admit"]

# Sums stop here, so that a product of pages over many levels stays a small integer.
CAP = 10**9
OPENING = {TokenKind.BRACE_L, TokenKind.PAREN_L, TokenKind.BRACKET_L}
CLOSING = {TokenKind.BRACE_R, TokenKind.PAREN_R, TokenKind.BRACKET_R}
PAGE_ARGUMENTS = frozenset({"first", "last", "limit"})

# What one call of a root field costs beside its fields: a generation occupies the processor for seconds.
FIELD_COST = {
    "ask": 100,
    "chat": 100,
    "exportMyData": 200,
    "eraseMyData": 200,
    "searchMemories": 10,
    "remember": 5,
    "memoryStats": 5,
}


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


@dataclass(frozen=True, slots=True)
class Admitted:
    """A document that may run."""

    document: DocumentNode
    operation: OperationType
    measure: Measure


def admit(
    query: str, variables: dict[str, Any] | None, operation: str | None, limits: QueryLimits, *, introspection: bool
) -> Admitted:
    """Parse and measure a document.

    Raises:
        QueryRejected: names the limit that it exceeds.
    """
    _count_tokens(query, limits)
    try:
        document = parse(query, max_tokens=limits.tokens)
        return _Guard(document, variables or {}, limits, introspection).check(operation)
    except GraphQLSyntaxError:
        raise QueryRejected("it is not GraphQL") from None
    except RecursionError:
        raise QueryRejected("it is nested too deeply") from None


def _count_tokens(query: str, limits: QueryLimits) -> None:
    lexer = Lexer(Source(query))
    count = nesting = 0
    try:
        while (kind := lexer.advance().kind) is not TokenKind.EOF:
            count += 1
            if count > limits.tokens:
                raise QueryRejected(f"it has more than {limits.tokens} tokens")
            if kind in OPENING:
                nesting += 1
                if nesting > limits.nesting:
                    raise QueryRejected(f"brackets are nested more than {limits.nesting} deep")
            elif kind in CLOSING:
                nesting -= 1
    except GraphQLSyntaxError:
        raise QueryRejected("it is not GraphQL") from None


class _Guard:
    def __init__(
        self, document: DocumentNode, variables: dict[str, Any], limits: QueryLimits, introspection: bool
    ) -> None:
        self.document = document
        self.limits = limits
        self.introspection = introspection
        self.operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
        self.fragments = {node.name.value: node for node in fragments}
        if len(self.operations) + len(fragments) != len(document.definitions):
            raise QueryRejected("it defines types")
        if len(fragments) != len(self.fragments):
            raise QueryRejected("a fragment is defined twice")
        self.variables = dict(variables)
        self.measured: dict[str, Measure] = {}
        self.entered: set[str] = set()

    def check(self, name: str | None) -> Admitted:
        limits = self.limits
        if len(self.operations) != 1:
            raise QueryRejected("it must hold one operation")
        if len(self.fragments) > limits.fragments:
            raise QueryRejected(f"it has more than {limits.fragments} fragments")
        operation = self.operations[0]
        if name is not None and (operation.name is None or operation.name.value != name):
            raise QueryRejected("operationName names no operation in it")
        for definition in operation.variable_definitions:
            if isinstance(definition.default_value, IntValueNode):
                default = _integer(definition.default_value)
                self.variables.setdefault(definition.variable.name.value, default)
        self._check_roots(operation)
        # Every fragment is measured, also one that is never spread, so that cycles are found.
        for fragment in self.fragments:
            self._fragment(fragment)
        found = self._selection(operation.selection_set)
        directives = found.directives + len(operation.directives)
        for what, value, limit in (
            ("root fields", found.roots, limits.root_fields),
            ("depth", found.depth, limits.depth),
            ("aliases", found.aliases, limits.aliases),
            ("fields", found.fields, limits.fields),
            ("directives", directives, limits.directives),
            ("cost", found.cost, limits.cost),
        ):
            if value > limit:
                raise QueryRejected(
                    f"its {what} exceed {limit}" if what.endswith("s") else f"its {what} exceeds {limit}"
                )
        return Admitted(self.document, operation.operation, found)

    def _check_roots(self, operation: OperationDefinitionNode) -> None:
        roots = operation.selection_set.selections
        # One act per request: what was done stays clear, and a limit cannot be passed by aliases.
        if operation.operation is not OperationType.QUERY and (len(roots) != 1 or not isinstance(roots[0], FieldNode)):
            raise QueryRejected(f"a {operation.operation.value} must hold one root field")

    def _selection(self, selection_set: SelectionSetNode | None) -> Measure:
        depth = cost = aliases = fields = directives = roots = 0
        for node in selection_set.selections if selection_set else ():
            directives += len(node.directives)
            if isinstance(node, FieldNode):
                part = self._field(node)
            elif isinstance(node, FragmentSpreadNode):
                part = self._fragment(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                part = self._selection(node.selection_set)
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
        below = self._selection(node.selection_set)
        cost = 1 + self._page(node) * below.cost
        # Also inside a fragment: whether it is spread at the root is not known there.
        cost += FIELD_COST.get(name, 0)
        return Measure(
            depth=1 + below.depth,
            cost=min(CAP, cost),
            aliases=below.aliases + (node.alias is not None),
            fields=1 + below.fields,
            directives=below.directives,
            roots=1,
        )

    def _fragment(self, name: str) -> Measure:
        if name in self.measured:
            return self.measured[name]
        if name not in self.fragments:
            raise QueryRejected("it spreads a fragment that is not defined")
        if name in self.entered:
            raise QueryRejected("its fragments spread each other in a circle")
        self.entered.add(name)
        found = self._selection(self.fragments[name].selection_set)
        self.measured[name] = found
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
        size: object
        if isinstance(value, VariableNode):
            size = self.variables.get(value.name.value, self.limits.default_page)
        elif isinstance(value, IntValueNode):
            size = _integer(value)
        else:
            size = self.limits.default_page
        if size is None:
            size = self.limits.default_page
        if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= self.limits.max_page:
            raise QueryRejected(f"a page must have 1 to {self.limits.max_page} entries")
        return size


PAGED_FIELDS = frozenset({"conversations", "memories", "searchMemories", "turns", "preferences"})


def _integer(node: IntValueNode) -> int:
    # A number of thousands of digits would cost quadratic time; no page is that long anyway.
    return int(node.value) if len(node.value) <= 10 else CAP
