"""What others wrote is shown on a terminal, and does nothing there."""

from __future__ import annotations

import pytest

from cleo_core.terminal import printable

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b[2J\x9b31m", "\\x1b[2J\\x9b31m"),
        ("over\rwritten\x00", "over\\rwritten\\x00"),
        ("invoice\u202egnp.exe", "invoice\\u202egnp.exe"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_text_of_any_language_stays_as_it_is() -> None:
    text = "naïve café\u00a0– 日本語\u3000שלום 👩\u200d🚀 {x}\t\\n"
    assert printable(text) == text
    assert printable("two\nlines") == "two\nlines"
    assert printable("two\nlines\t", lines=False) == "two\\nlines\\t"
