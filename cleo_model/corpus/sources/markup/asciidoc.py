"""AsciiDoc, read line by line: headings, paragraphs, lists, tables and code; includes are never followed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cleo_model.corpus.sources.markup import blocks

HEADING = re.compile(r"(={1,6})\s+(.+?)(?:\s+\1)?")
LISTING = ("----", "....", "```")
COMMENT, PASS = "////", "++++"
CONTAINERS = ("====", "****", "____", "--", "|===", ",===", ":===")
ATTRIBUTE = re.compile(r":!?[\w-]+!?:(\s.*)?")
BLOCK_ATTRIBUTES = re.compile(r"\[[^\]]*\]")
SOURCE = re.compile(r"\[(?:source|listing)?\s*(?:%\w+)?,\s*(?:source,\s*)?[\"']?(\w[\w+#-]*)")
MACRO = re.compile(r"(?:include|image|video|audio|toc|ifdef|ifndef|ifeval|endif)::.*")
LINK = re.compile(r"(?:link:|xref:|mailto:)?(?:https?://|ftp://)?[^\s\[\]<>\"]{1,1000}\[([^\]]*)\]")
REFERENCE = re.compile(r"<<[^,>]+(?:,\s*([^>]+))?>>")
INLINE = re.compile(r"(?:image|icon|kbd|btn|menu|footnote|anchor|indexterm):[^\s\[]*\[([^\]]*)\]")
MARKS = re.compile(r"(?<![\w*_#])(\*{1,2}|_{1,2}|#{1,2})(?=\S)(.+?)(?<=\S)\1(?![\w*_#])")
ITEM = re.compile(r"(\*{1,5}|-|\.{1,5}|\d+\.)\s+(.+)")


def asciidoc_text(text: str) -> str:
    """The text of a document."""
    return blocks.joined(_blocks(text.expandtabs(4).split("\n")))


def _blocks(lines: list[str]) -> Iterator[str]:
    paragraph: list[str] = []
    language = ""
    position = 0
    in_table = False
    while position < len(lines):
        line = lines[position].rstrip()
        position += 1
        fence = next((mark for mark in (*LISTING, COMMENT, PASS) if _is_fence(line, mark)), None)
        if fence:
            yield _paragraph(paragraph)
            paragraph = []
            end = _end(lines, position, fence, line)
            if fence in LISTING:
                told = line[3:].strip() if fence == "```" else language
                yield blocks.code("\n".join(lines[position:end]), told)
            position, language = end + 1, ""
        elif len(line) > blocks.LONG_LINE:
            paragraph.append(line)
        elif (line.startswith("//") and not line.startswith("///")) or (not line and in_table):
            continue
        elif not line or line == "+" or line in CONTAINERS or re.fullmatch(r"(={4,}|\*{4,}|_{4,})", line):
            yield _paragraph(paragraph)
            paragraph = []
            in_table = in_table != line.endswith("===") if line.startswith(("|=", ",=", ":=")) else in_table
        elif ATTRIBUTE.fullmatch(line) or MACRO.fullmatch(line):
            continue
        elif BLOCK_ATTRIBUTES.fullmatch(line):
            found = SOURCE.match(line)
            language = found[1] if found else ""
        elif match := HEADING.fullmatch(line):
            yield _paragraph(paragraph)
            paragraph = []
            yield blocks.heading(len(match[1]), _inline(match[2]))
        elif re.fullmatch(r"\.[^\s.].*", line):
            paragraph.append(line[1:])
            yield _paragraph(paragraph)
            paragraph = []
        elif in_table and line.startswith("|"):
            cells = [_inline(cell.strip()) for cell in re.split(r"(?:\d+\+|[<^>.]*[a-z]?)?\|", line)[1:]]
            paragraph.append("\0" + blocks.row(cells))
        else:
            paragraph.append(line)
    yield _paragraph(paragraph)


def _end(lines: list[str], start: int, fence: str, opened: str) -> int:
    """Where a fenced block ends: at the same line again, or with the text."""
    closes = (fence,) if fence == "```" else (opened,)
    return next((n for n in range(start, len(lines)) if lines[n].rstrip() in closes), len(lines))


def _is_fence(line: str, mark: str) -> bool:
    return line.startswith(mark) and (mark == "```" or set(line) == {mark[0]})


def _paragraph(lines: list[str]) -> str:
    found: list[str] = []
    for line in lines:
        match = ITEM.fullmatch(line.strip()) if len(line) <= blocks.LONG_LINE else None
        if line.startswith("\0"):
            found.append(line[1:])
        elif match:
            marker = f"{match[1]}" if match[1][0].isdigit() else ("1." if match[1].startswith(".") else "-")
            found.append(f"{'  ' * (len(match[1]) - 1 if match[1][0] in '*.' else 0)}{marker} {_inline(match[2])}")
        elif found and not found[-1].endswith("\n"):
            found[-1] += f" {_inline(line.strip())}"
        else:
            found.append(_inline(line.strip()))
        if line.endswith(" +"):
            found[-1] = found[-1].removesuffix(" +") + "\n"
    return "\n".join(each.rstrip("\n") for each in found)


def _inline(text: str) -> str:
    if len(text) > blocks.LONG_LINE:
        return text
    text = INLINE.sub(lambda found: found[1] if not found[0].startswith(("image", "icon", "anchor")) else "", text)
    text = REFERENCE.sub(lambda found: found[1] or "", text)
    text = LINK.sub(lambda found: found[1] or found[0].split("[")[0], text)
    return MARKS.sub(r"\2", text)
