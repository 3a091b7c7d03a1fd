"""HTML, by lxml: the main part of a page, without navigation, scripts, forms and comments.

The parser reaches for nothing outside and expands no entities of the document's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cleo_model.corpus.sources.markup import blocks

GONE = frozenset({
    "script", "style", "noscript", "template", "nav", "footer", "aside", "form", "button", "input", "select", "svg",
    "iframe", "object", "embed", "head", "dialog", "canvas", "video", "audio", "picture", "img", "map", "menu",
})  # fmt: skip
ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary", "menu", "dialog", "alertdialog"})
CHROME = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|sphinxsidebar|toc|breadcrumbs?|cookie|headerlink|pagination"
    r"|share|skip-link|related)(?:$|[\s_-])",
    re.IGNORECASE,
)
"""Words in the class or id of what stands around the text."""
BLOCKS = frozenset({
    "p", "div", "section", "article", "main", "body", "html", "header", "figure", "figcaption", "details", "summary",
    "address", "dl", "dt", "dd", "fieldset", "hgroup", "center", "tbody", "thead", "tfoot", "caption",
})  # fmt: skip
STRUCTURED = frozenset({"pre", "ul", "ol", "table", "blockquote"})
HEADING = re.compile(r"h[1-6]")
LANGUAGE = re.compile(r"(?:language|lang|highlight|highlight-source)-(?!default|text|none)(\w+)")
DEEPEST = 200
"""Elements within elements; what lies deeper is taken as plain text."""


def html_text(text: str, *, fragment: bool = False) -> str:
    """The text of a page, or of a piece of one within Markdown."""
    from lxml import etree, html

    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8")
    if not text.strip():
        return ""
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return ""
    body = blocks.joined(_blocks(_main(root), 0))
    title = " ".join((root.findtext(".//title") or "").split())
    return body if fragment or not title or "# " in body[:2] else blocks.joined([blocks.heading(1, title), body])


def _main(root: Any) -> Any:
    """The element that holds the text of a page, where it says which."""
    for path in (".//main", ".//*[@role='main']", ".//article"):
        found = root.findall(path)
        if len(found) == 1 and len("".join(found[0].itertext()).split()) > 10:
            return found[0]
    body = root.find(".//body")
    return body if body is not None else root


def _gone(element: Any) -> bool:
    tag = element.tag
    if not isinstance(tag, str) or tag in GONE or element.get("role") in ROLES:
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if "display:none" in (element.get("style") or "").replace(" ", "").lower():
        return True
    if tag == "header":
        return element.find(".//h1") is None
    return tag not in ("main", "article", "body", "html") and bool(
        CHROME.search(element.get("class") or "") or CHROME.search(element.get("id") or "")
    )


def _blocks(element: Any, depth: int) -> Iterator[str]:
    """The blocks of an element: its text between block elements, and those."""
    if depth > DEEPEST:
        yield " ".join("".join(element.itertext()).split())
        return
    inline: list[str] = [element.text or ""]
    for child in element:
        if _gone(child):
            pass
        elif (
            HEADING.fullmatch(child.tag)
            or child.tag in BLOCKS
            or child.tag in ("pre", "ul", "ol", "table", "blockquote")
        ):
            yield _flat(inline)
            inline = []
            yield from _block(child, depth + 1)
        elif child.tag == "hr":
            yield _flat(inline)
            inline = []
        else:
            inline.append(_span(child, depth + 1))
        inline.append(child.tail or "")
    yield _flat(inline)


def _block(element: Any, depth: int) -> Iterator[str]:
    tag = element.tag
    if HEADING.fullmatch(tag):
        yield blocks.heading(int(tag[1]), _flat([_span(element, depth)]).replace("\n", " "))
    elif tag == "pre":
        around = [element, *element.iterchildren("code"), *list(element.iterancestors("div"))[:2]]
        told = " ".join(each.get("class") or "" for each in around)
        language = LANGUAGE.search(told)
        yield blocks.code("".join(element.itertext()), language[1] if language else "")
    elif tag in ("ul", "ol"):
        items = [child for child in element if child.tag == "li" and not _gone(child)]
        yield "\n".join(
            blocks.item(
                blocks.nested((text.startswith(("- ", "1. ")), text) for text in _blocks(child, depth)),
                f"{number}." if tag == "ol" else "-",
            )
            for number, child in enumerate(items, 1)
        )
    elif tag == "table":
        yield "\n".join(
            blocks.row([" ".join(_blocks(cell, depth)) for cell in line if cell.tag in ("td", "th")])
            for line in element.iter("tr")
        )
    elif tag == "blockquote":
        yield blocks.quote(blocks.joined(_blocks(element, depth)))
    else:
        yield from _blocks(element, depth)


def _span(element: Any, depth: int) -> str:
    if depth > DEEPEST:
        return "".join(element.itertext())
    if element.tag == "br":
        return "\0"
    inner = [element.text or ""]
    for child in element:
        if not _gone(child):
            inner.append(_span(child, depth + 1))
        inner.append(child.tail or "")
    text = "".join(inner)
    return f"`{text.strip()}`" if element.tag in ("code", "kbd", "samp", "tt") and text.strip() else text


def _flat(parts: list[str]) -> str:
    """Running text: white space is one blank, and a line break is where the page says so."""
    return "\n".join(" ".join(line.split()) for line in "".join(parts).split("\0")).strip()
