"""The guard measures what a document asks for, and takes time linear in its text."""

from __future__ import annotations

import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleo_serving.errors import QueryRejected
from cleo_serving.security.query.guard import Admitted, admit
from cleo_serving.settings import QueryLimits

pytestmark = pytest.mark.unit


def measured(query: str, variables: dict[str, object] | None = None, **limits: int) -> Admitted:
    return admit(query, variables, None, QueryLimits(**limits), introspection=False)


def test_depth_fields_aliases_and_directives_are_counted_through_fragments() -> None:
    found = measured("{ a: b { ...f @include(if: true) } c } fragment f on X { d { e } x: g }").measure
    assert (found.depth, found.fields, found.aliases, found.directives) == (3, 5, 2, 1)


def test_a_page_multiplies_what_lies_below_it() -> None:
    one = measured("{ memories(first: 1) { edges { cursor } } }").measure.cost
    ten = measured("{ memories(first: 10) { edges { cursor } } }").measure.cost
    assert ten == 1 + 10 * (one - 1)
    from_variable = measured("query($n: Int) { memories(first: $n) { edges { cursor } } }", {"n": 10})
    assert from_variable.measure.cost == ten
    from_default = measured("query($n: Int = 10) { memories(first: $n) { edges { cursor } } }")
    assert from_default.measure.cost == ten
    assert measured("{ memories { edges { cursor } } }", default_page=10).measure.cost == ten


@pytest.mark.parametrize("size", [0, -1, 101, 1.5, True, "7", [1], 10**30])
def test_a_page_that_is_none_is_refused_from_a_variable_too(size: object) -> None:
    with pytest.raises(QueryRejected, match="page"):
        measured("query($n: Int) { memories(first: $n) { edges { cursor } } }", {"n": size})
    assert measured("query($n: Int) { memories(first: $n) { edges { cursor } } }", {"n": 100})


def test_a_generation_costs_more_than_a_look() -> None:
    ask = measured('mutation { ask(input: {text: "x"}) { text } }').measure.cost
    assert ask > 20 * measured("{ health { ready } }").measure.cost


def test_the_cost_of_fragments_counts_at_every_spread() -> None:
    once = measured("{ ...f } fragment f on Q { health { ready } }").measure
    twice = measured("{ ...f ...f } fragment f on Q { health { ready } }").measure
    assert twice.fields == 2 * once.fields
    assert twice.cost == 2 * once.cost


@pytest.mark.parametrize(
    "query",
    [
        "{ a b c d }",
        "{ ...f } fragment f on Q { a b c d }",
        "{ ...f ...f } fragment f on Q { a b }",
        "{ ...g } fragment f on Q { a b } fragment g on Q { ...f ... on Q { ...f } }",
        "{ ... { a b } ... on Q { c d } }",
    ],
)
def test_root_fields_are_counted_through_fragments(query: str) -> None:
    assert measured(query, root_fields=4).measure.roots == 4
    with pytest.raises(QueryRejected, match="root fields exceed 3"):
        measured(query, root_fields=3)


def calls(query: str) -> int:
    """Calls made, of Python and of C, to refuse a query: its work, whatever else the machine does."""
    made = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        with pytest.raises(QueryRejected):
            measured(query, fragments=1000, tokens=100_000)
    finally:
        sys.setprofile(before)
    return made


def test_doubling_fragments_take_work_linear_in_their_text() -> None:
    def bomb(levels: int) -> str:
        parts = [f"fragment f{n} on Q {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels)]
        return "{ ...f0 } " + " ".join(parts) + f" fragment f{levels} on Q {{ a }}"

    # 2**40 fields against 2**20: a million times the expansion, twice the text.
    assert 100 < calls(bomb(40)) < 2.5 * calls(bomb(20))


@pytest.mark.parametrize(
    "query",
    [
        "{" * 100_000,
        "{ a " * 3000 + "}" * 3000,
        '{ a(b: "' + "\\u0000" * 20_000,
        "{ a(x: " + "[" * 50_000,
        "#" * 60_000,
    ],
)
def test_a_long_document_is_refused_without_recursion(query: str) -> None:
    with pytest.raises(QueryRejected):
        measured(query)


def test_a_chain_of_fragments_cannot_exhaust_the_stack() -> None:
    chain = " ".join(f"fragment f{n} on Q {{ a {{ ...f{n + 1} }} }}" for n in range(900))
    with pytest.raises(QueryRejected):
        measured("{ ...f0 } " + chain + " fragment f900 on Q { a }", fragments=10_000, tokens=100_000)


def test_operation_names_must_name_the_operation() -> None:
    query = "query Mine { health { ready } }"
    assert admit(query, None, "Mine", QueryLimits(), introspection=False)
    with pytest.raises(QueryRejected, match="operationName"):
        admit(query, None, "Other", QueryLimits(), introspection=False)


def test_introspection_is_let_through_where_it_is_on() -> None:
    query = "{ __schema { types { name } } }"
    assert admit(query, None, None, QueryLimits(), introspection=True)
    with pytest.raises(QueryRejected, match="introspection"):
        admit(query, None, None, QueryLimits(), introspection=False)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}()[]:!$@.,"#\\|&= abfirst1250\n…', max_size=200))
def test_any_text_is_admitted_or_refused_and_nothing_else(text: str) -> None:
    with suppress(QueryRejected):
        assert isinstance(measured(text), Admitted)
