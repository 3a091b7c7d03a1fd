"""Markdown and MDX, by markdown-it-py."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from cleo_model.corpus.sources.markup import blocks
from cleo_model.corpus.sources.markup.html import html_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\n.*?\n(\1|\.\.\.)[ \t]*(\n|\Z)", re.DOTALL)
TITLE = re.compile(r"^title\s*[:=]\s*(.+)$", re.MULTILINE)
FENCED = re.compile(r"^(?P<tick>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=tick)[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
MODULES = re.compile(
    r"^import\s[^'\"`]{0,2000}?['\"][^'\"\n]+['\"];?[ \t]*$"
    r"|^export\s(?:default|const|let|function|\{).*?(?=\n\s*\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
COMMENT = re.compile(r"\{/\*.{0,5000}?\*/\}", re.DOTALL)
ELEMENT = re.compile(r"</?[A-Z][\w.]*(?:\s[^<>]*)?/?>")


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def markdown_text(text: str) -> str:
    """Markdown without front matter, links' addresses, pictures, raw HTML and comments."""
    from markdown_it.tree import SyntaxTreeNode

    text, title = _without_front(text)
    body = blocks.joined(_block(child) for child in SyntaxTreeNode(_parser().parse(text)).children)
    return body if not title or body.startswith("# ") else blocks.joined([blocks.heading(1, title), body])


def mdx_text(text: str) -> str:
    """MDX: Markdown without its modules, components and expressions; what stands in the components stays."""
    parts, end = [], 0
    for fence in FENCED.finditer(text):
        parts += [_without_jsx(text[end : fence.start()]), fence[0]]
        end = fence.end()
    return markdown_text("".join([*parts, _without_jsx(text[end:])]))


def _without_jsx(text: str) -> str:
    return ELEMENT.sub("\n\n", COMMENT.sub("", MODULES.sub("", text)))


def _without_front(text: str) -> tuple[str, str]:
    front = FRONT.match(text)
    if not front:
        return text, ""
    title = TITLE.search(front[0])
    return text[front.end() :], title[1].strip().strip("\"'") if title else ""


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "heading":
            return blocks.heading(int(node.tag[1:]), _inline(node))
        case "paragraph":
            return _inline(node)
        case "fence" | "code_block":
            return blocks.code(node.content, (node.info or "").strip().split(" ")[0].strip("{}"))
        case "bullet_list":
            return "\n".join(blocks.item(_inner(child)) for child in node.children)
        case "ordered_list":
            first = int(node.attrs.get("start", 1))
            return "\n".join(
                blocks.item(_inner(child), f"{number}.") for number, child in enumerate(node.children, first)
            )
        case "blockquote":
            return blocks.quote(_inner(node))
        case "html_block":
            return html_text(node.content, fragment=True)
        case "table":
            rows = [row for part in node.children for row in part.children]
            return "\n".join(blocks.row([_inline(cell) for cell in row.children]) for row in rows)
        case _:
            return ""


def _inner(node: SyntaxTreeNode) -> str:
    return blocks.nested((child.type.endswith("_list"), _block(child)) for child in node.children)


def _inline(node: SyntaxTreeNode) -> str:
    lines = "".join(_span(child) for child in node.children).split("\n")
    return "\n".join(" ".join(line.split(" ")).strip() for line in lines).strip()


def _span(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text":
            return node.content
        case "code_inline":
            return f"`{node.content}`"
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "image":
            return ""
        case "html_inline":
            return "\n" if node.content.lower().startswith("<br") else ""
        case _:
            return "".join(_span(child) for child in node.children)
