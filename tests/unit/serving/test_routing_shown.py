"""`cleo infer --routing` shows where the tokens of a question and its reply went."""

from __future__ import annotations

import pytest

from cleo_core.routing import RoutingTrace
from cleo_serving.local.routing import lines

pytestmark = pytest.mark.unit


def test_every_token_is_a_line_and_none_moves_the_cursor_of_who_reads_it() -> None:
    trace = RoutingTrace(
        num_experts=4,
        layers=[0, 2],
        tokens=["\x1b[2J", " a", "\n"],
        domains=[""] * 3,
        experts=[[[0, 1], [2, 3]]] * 3,
        weights=[[[0.6, 0.4], [0.5, 0.5]]] * 3,
        entropy=[[0.1, 0.3]] * 3,
    )
    shown = list(lines(trace))
    assert len(shown) == 1 + 3 + 1
    assert "\x1b" not in "".join(shown)
    assert [line.split()[-2:] for line in shown[1:4]] == [["0+1", "2+3"]] * 3
