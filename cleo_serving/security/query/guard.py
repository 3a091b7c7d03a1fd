"""What a GraphQL document may ask for, decided in linear time before the library validates or runs it.

Three passes, each linear in the document: the lexer counts tokens and nesting, so that the recursive parser is safe;
the parser builds the tree; and a walk (`measure`) adds up what it asks for. The depth and alias limiters that expand
fragment spreads are exponential on fragments that double.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSyntaxError,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    Source,
    TokenKind,
    parse,
)
from graphql.language.lexer import Lexer

from cleo_serving.errors import QueryRejected
from cleo_serving.security.query.measure import Measure, Measurer, integer
from cleo_serving.settings import QueryLimits

OPENING = {TokenKind.BRACE_L, TokenKind.PAREN_L, TokenKind.BRACKET_L}
CLOSING = {TokenKind.BRACE_R, TokenKind.PAREN_R, TokenKind.BRACKET_R}


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
    if len(query) > limits.characters:
        raise QueryRejected(f"it has more than {limits.characters} characters")
    try:
        _count_tokens(query, limits)
        document = parse(query, max_tokens=limits.tokens)
        return _check(document, variables or {}, operation, limits, introspection=introspection)
    except GraphQLSyntaxError:
        raise QueryRejected("it is not GraphQL") from None
    except RecursionError:
        raise QueryRejected("it is nested too deeply") from None


def _count_tokens(query: str, limits: QueryLimits) -> None:
    lexer = Lexer(Source(query))
    count = nesting = 0
    while (kind := lexer.advance().kind) is not TokenKind.EOF:
        count += 1
        nesting += (kind in OPENING) - (kind in CLOSING)
        if count > limits.tokens:
            raise QueryRejected(f"it has more than {limits.tokens} tokens")
        if nesting > limits.nesting:
            raise QueryRejected(f"brackets are nested more than {limits.nesting} deep")


def _check(
    document: DocumentNode, variables: dict[str, Any], name: str | None, limits: QueryLimits, *, introspection: bool
) -> Admitted:
    operation, fragments = _parts(document, limits)
    if name is not None and (operation.name is None or operation.name.value != name):
        raise QueryRejected("operationName names no operation in it")
    defaults = {
        definition.variable.name.value: integer(definition.default_value)
        for definition in operation.variable_definitions
        if isinstance(definition.default_value, IntValueNode)
    }
    roots = operation.selection_set.selections
    # One act per request: what was done stays clear, and a limit cannot be passed by aliases.
    if operation.operation is not OperationType.QUERY and (len(roots) != 1 or not isinstance(roots[0], FieldNode)):
        raise QueryRejected(f"a {operation.operation.value} must hold one root field")
    measurer = Measurer(fragments=fragments, variables=defaults | variables, limits=limits, introspection=introspection)
    # Every fragment is measured, also one that is never spread, so that cycles are found.
    for fragment in fragments:
        measurer.fragment(fragment)
    found = measurer.selection(operation.selection_set)
    for what, value, limit in (
        ("root fields", found.roots, limits.root_fields),
        ("depth", found.depth, limits.depth),
        ("aliases", found.aliases, limits.aliases),
        ("fields", found.fields, limits.fields),
        ("directives", found.directives + len(operation.directives), limits.directives),
        ("cost", found.cost, limits.cost),
    ):
        if value > limit:
            raise QueryRejected(f"its {what} exceed {limit}" if what.endswith("s") else f"its {what} exceeds {limit}")
    return Admitted(document, operation.operation, found)


def _parts(
    document: DocumentNode, limits: QueryLimits
) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    """The one operation, and the fragments by name."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    if len(operations) + len(fragments) != len(document.definitions):
        raise QueryRejected("it defines types")
    by_name = {node.name.value: node for node in fragments}
    if len(fragments) != len(by_name):
        raise QueryRejected("a fragment is defined twice")
    if len(operations) != 1:
        raise QueryRejected("it must hold one operation")
    if len(fragments) > limits.fragments:
        raise QueryRejected(f"it has more than {limits.fragments} fragments")
    return operations[0], by_name
