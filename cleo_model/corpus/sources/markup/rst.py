"""reStructuredText, read line by line: a directive never reads a file or an address.

Not docutils, which is built to run directives (include, raw, those of Sphinx that it does not know) and to make a
whole document of what has no error in it; here what is not known keeps its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cleo_model.corpus.sources.markup import blocks

DIRECTIVE = re.compile(r"\.\.\s+(?P<name>[\w:.+-]+)::\s*(?P<argument>.*)")
CODE = frozenset({
    "code", "code-block", "sourcecode", "parsed-literal", "prompt", "ipython", "testcode", "doctest", "productionlist",
})  # fmt: skip
GONE = frozenset({
    "toctree", "contents", "include", "literalinclude", "raw", "meta", "highlight", "index", "currentmodule", "module",
    "default-role", "role", "sectnum", "header", "footer", "tabularcolumns", "sectionauthor", "moduleauthor",
    "codeauthor", "replace", "unicode", "date", "testsetup", "testcleanup", "graphviz", "plot", "rst-class",
})  # fmt: skip
"""Directives that hold no text of their own."""
RULE = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*")
SIMPLE_TABLE = re.compile(r"\s*={2,}(\s+={2,})+\s*")
OPTION = re.compile(r":[\w-]+:(\s|$)")
ROLE = re.compile(r":[\w:.+-]+:`([^`]+)`")
TARGET = re.compile(r"\s*<[^<>]+>$")
LINK = re.compile(r"`([^`<]+?)\s*<[^`>]+>`__?")
REFERENCE = re.compile(r"(?<![\w`])`([^`]+)`_{1,2}(?!\w)")
LEVELS = "=-~^\"'"


def rst_text(text: str) -> str:
    """Headings, paragraphs, lists and code of a document."""
    return blocks.joined(_blocks(text.expandtabs(8).split("\n")))


def _blocks(lines: list[str]) -> Iterator[str]:
    levels: list[str] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        if not line.strip():
            position += 1
        elif match := DIRECTIVE.fullmatch(line.strip()):
            body, position = _body(lines, position)
            yield from _directive(match["name"].lower(), match["argument"], body)
        elif line.lstrip().startswith("..") and (line.strip() == ".." or line.lstrip()[2] == " "):
            # A comment, a target, a footnote or a substitution: footnotes alone are text.
            body, position = _body(lines, position)
            if note := re.match(r"\.\.\s+\[[^\]]+\]\s+(.*)", line.strip()):
                yield _inline(" ".join([note[1], *(each.strip() for each in body)]))
        elif _is_heading(lines, position):
            over = bool(RULE.fullmatch(line))
            title, rule = lines[position + over], lines[position + over + 1]
            sign = rule.strip()[0] + ("o" if over else "")
            levels += [] if sign in levels else [sign]
            yield blocks.heading(levels.index(sign) + 1, _inline(title.strip()))
            position += 3 if over else 2
        elif RULE.fullmatch(line) or line.lstrip().startswith(("+--", "+==")):
            position += 1
        elif line.startswith((">>> ", "... ")):
            end = next((n for n in range(position, len(lines)) if not lines[n].strip()), len(lines))
            yield blocks.code("\n".join(lines[position:end]), "pycon")
            position = end
        else:
            end = next((n for n in range(position, len(lines)) if not lines[n].strip()), len(lines))
            paragraph, position = lines[position:end], end
            literal = paragraph[-1].rstrip().endswith("::")
            if literal:
                last = paragraph[-1].rstrip()
                paragraph[-1] = "" if last.strip() == "::" else last[:-1]
            yield _paragraph(paragraph)
            if literal:
                depth = len(line) - len(line.lstrip())
                body, position = _indented(lines, position, depth)
                yield blocks.code("\n".join(body)) if any(body) else ""


def _paragraph(lines: list[str]) -> str:
    """A paragraph, or list items one line each; a table keeps its lines."""
    if any(SIMPLE_TABLE.fullmatch(each) for each in lines):
        return "\n".join(_inline(each.strip()) for each in lines if not SIMPLE_TABLE.fullmatch(each))
    if any(each.lstrip().startswith("|") for each in lines):
        return "\n".join(_inline(each.strip()) for each in lines if not each.lstrip().startswith("+"))
    found: list[str] = []
    for line in lines:
        text = line.strip()
        bullet = re.match(r"(?:[-*+•]|#\.|\d+[.)])\s+", text)
        if bullet:
            marker = bullet[0].strip()
            found.append(f"{'-' if marker in '*+•-' else marker} {text[bullet.end() :]}")
        elif field := re.match(r":([\w ]+):\s+(.*)", text):
            found.append(f"{field[1]}: {field[2]}")
        elif found:
            found[-1] = f"{found[-1]} {text}".strip()
        else:
            found.append(text)
    return "\n".join(map(_inline, found))


def _directive(name: str, argument: str, body: list[str]) -> Iterator[str]:
    body = _without_options(body)
    if name in CODE:
        yield blocks.code("\n".join(body), argument.split()[0] if argument and name != "prompt" else "")
    elif name in GONE or name.startswith("auto"):
        return
    elif name in ("image", "figure"):
        yield from _blocks(body)
    elif name == "math":
        yield blocks.code("\n".join([argument, *body]).strip(), "math")
    elif name in ("csv-table", "list-table"):
        yield _inline(argument)
        yield "\n".join(_inline(each.strip().lstrip("*- ")) for each in body if each.strip())
    else:
        yield _inline(argument) if argument else ""
        yield from _blocks(body)


def _without_options(body: list[str]) -> list[str]:
    start = 0
    while start < len(body) and OPTION.match(body[start]):
        start += 1
    return body[start:]


def _body(lines: list[str], position: int) -> tuple[list[str], int]:
    """The indented lines below a directive, without their indent, and where they end."""
    return _indented(lines, position + 1, len(lines[position]) - len(lines[position].lstrip()))


def _indented(lines: list[str], position: int, depth: int) -> tuple[list[str], int]:
    end = position
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > depth):
        end += 1
    found = lines[position:end]
    margin = min((len(each) - len(each.lstrip()) for each in found if each.strip()), default=0)
    cut = [each[margin:].rstrip() for each in found]
    while cut and not cut[0]:
        cut.pop(0)
    while cut and not cut[-1]:
        cut.pop()
    return cut, end


def _is_heading(lines: list[str], position: int) -> bool:
    def at(offset: int) -> str:
        return lines[position + offset].rstrip() if position + offset < len(lines) else ""

    if RULE.fullmatch(at(0)):
        return bool(at(1).strip()) and bool(RULE.fullmatch(at(2))) and at(0)[0] == at(2)[0]
    return not at(0).startswith(" ") and bool(RULE.fullmatch(at(1))) and len(at(1)) >= len(at(0)) * 0.8


def _inline(text: str) -> str:
    if len(text) > blocks.LONG_LINE:
        return text
    text = text.replace("``", "`")
    text = ROLE.sub(lambda found: f"`{TARGET.sub('', found[1]).lstrip('~!')}`", text)
    text = LINK.sub(r"\1", text)
    text = REFERENCE.sub(r"\1", text)
    text = re.sub(r"\|([\w .-]+)\|", r"\1", text)
    return re.sub(r"(?<!\w)(\*{1,2})([^*\s](?:[^*]*[^*\s])?)\1(?!\w)", r"\2", text)
