"""The running text of a document, without its code, literal blocks and tables: what quality is measured on.

Thresholds for running text say nothing about code: a page of documentation is neither repetitive nor short of letters
because half of it is an example. What counts as code: Markdown's fences, the literal blocks and code directives of
reStructuredText, listings of AsciiDoc, doctests, tables, and paragraphs that consist of signs as code does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)$")
DIRECTIVE = re.compile(
    r"\s*\.\. (?:\|[^|]+\| )?(code|code-block|sourcecode|parsed-literal|literalinclude|math|doctest|testcode|testoutput"
    r"|testsetup|testcleanup|prompt|toctree|csv-table|productionlist|image|figure|raw|highlight|index|\w+directive)::"
)
TABLE = re.compile(r"\s*(?:\|.*\||[+|][-=+|: ]{3,}|={2,}(?: +={2,})+|-{2,}(?: +-{2,})+)\s*$")
DOCTEST = re.compile(r"\s*(?:>>>|In \[\d+\]:|\$ )")
LISTING = re.compile(r"\[(?:source|listing|literal)\b")
ROLE = re.compile(r":[\w:+-]+:`~?!?([^`<]+?)(?:\s*<[^>`]*>)?`")
LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)|https?://\S+")
SIGNS = str.maketrans("", "", "{}()[]<>=;_\\|&*$#@+~^%/:\"'")
INDENTED, PLAIN = 0.12, 0.22
"""Share of signs from which on an indented paragraph, or one at the margin, is code; running text has about 0.03."""


@lru_cache(maxsize=1)
def prose_of(text: str) -> str:
    """The text without code and tables, its inline markup taken off; paragraphs stay apart by an empty line."""
    return "\n\n".join("\n".join(block) for block in _paragraphs(_outside_blocks(text.split("\n"))) if not _code(block))


def _outside_blocks(lines: Sequence[str]) -> Iterator[str]:
    """The lines that are in no fence, literal block, listing or doctest."""
    fence = "`" if _begins_inside(lines) else ""
    literal: int | None = None
    doctest = False
    announced = False
    for line in lines:
        bare = line.strip()
        if fence:
            if bare == fence or (bare.startswith(fence) and not bare.strip(fence[0])):
                fence = ""
            continue
        if literal is not None:
            if not bare or len(line) - len(line.lstrip()) > literal:
                continue
            literal = None
        if found := FENCE.match(line):
            fence = found[1]
            continue
        if announced and bare and bare.strip("-.") == "" and len(bare) >= 4:
            fence, announced = bare, False
            continue
        announced = LISTING.match(bare) is not None or (announced and bare.startswith("."))
        doctest = bool(bare) and (doctest or DOCTEST.match(line) is not None)
        if doctest or (announced and bare):
            continue
        if DIRECTIVE.match(line) or (bare.endswith("::") and not bare.startswith("..")):
            literal = len(line) - len(line.lstrip())
            if bare.startswith(".."):
                continue
        yield line


def _begins_inside(lines: Sequence[str]) -> bool:
    """Whether a passage was cut out of the middle of a fence: then its first fence closes, and opens none."""
    fences = [(number, found) for number, line in enumerate(lines) if (found := FENCE.match(line))]
    if len(fences) % 2 == 0:
        return False
    named = [place for place, (_, found) in enumerate(fences) if found[2].strip()]
    if named:
        return named[0] % 2 == 1
    # Nothing says which it is: code stands on the side that has more signs.
    return _signs(lines[: fences[0][0]]) > _signs(lines[fences[-1][0] + 1 :])


def _signs(lines: Sequence[str]) -> float:
    """Share of the signs that code is made of."""
    solid = "".join("".join(lines).split())
    return (len(solid) - len(solid.translate(SIGNS))) / max(len(solid), 1)


def _paragraphs(lines: Iterator[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _code(block: list[str]) -> bool:
    """Whether a paragraph is code or a table; its inline markup is taken off in place."""
    if sum(TABLE.match(line) is not None for line in block) * 2 > len(block):
        return True
    indented = all(line.startswith(("    ", "\t")) for line in block)
    # A rule below a heading is no text.
    block[:] = [_plain(line) for line in block if any(map(str.isalnum, line))]
    return not block or _signs(block) > (INDENTED if indented else PLAIN)


def _plain(line: str) -> str:
    return LINK.sub(r"\1", ROLE.sub(r"\1", line)).replace("`", "").replace("**", "")
