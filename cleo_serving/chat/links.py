"""Takes links and images out of a reply while it streams.

A reply can be talked into carrying a user's memories away in the address of an image, which a client fetches by
itself, or of a link, which a person may click. So an address is kept only when its host is on the list, also one that
only a client takes for a link (`addresses`). What looks like the beginning of a link is held back until it is whole.
And whatever the patterns miss is written so that no client reads it as a link: ``](`` becomes ``] (``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from cleo_serving.chat.addresses import addresses

REMOVED = "[link removed]"
HOLD = 2000  # characters that wait for the end of a link at most

TAGS = r"<[/\s]*(?:a|img|iframe|script|link|video|audio|source|object|embed|form|svg|style|base|meta|input)\b"
# ![alt](address "title") and [text](address), where the address may hold one pair of brackets.
INLINE = re.compile(r"!?\[(?P<text>[^\[\]]*)\]\((?P<target>[^()]*(?:\([^()]*\)[^()]*)*)\)")
DEFINITION = re.compile(r"^[ \t>]*\[[^\[\]\n]+\]:[ \t]*(?P<target>\S+)[^\n]*(?P<end>\n?)", re.MULTILINE)
AUTOLINK = re.compile(r"<(?P<target>[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*)>")
TAG = re.compile(TAGS + r"[^<>]*>", re.IGNORECASE)
TAG_START = re.compile(TAGS + r"|<(?=[A-Za-z][A-Za-z0-9+.-]{1,31}:)", re.IGNORECASE)
# Any other tag, as a browser reads it: a quote counts only after an equals sign, and > inside quotes ends nothing.
NAME = r"[a-z][a-z0-9:-]*+"
INSIDE = r"(?:=\s*+\"[^\"]*+\"|=\s*+'[^']*+'|=(?!\s*+[\"'])|[^=>])*+"
ANY_TAG = re.compile(rf"</?{NAME}(?=[\s/>]){INSIDE}>", re.IGNORECASE)
OPEN_TAG = re.compile(rf"<(?=/?{NAME}(?:[\s/]{INSIDE}(?:=\s*+(?:\"[^\"]*+|'[^']*+))?)?\Z)", re.IGNORECASE)
# Code such as i<n;i++ is no tag of Markdown, but a browser that is handed it makes one of it.
ODD_START = re.compile(rf"<(?=/?{NAME}[^\s/>])", re.IGNORECASE)
# What makes a client fetch: an address, CSS, an attribute that takes one; also written with escapes or entities.
BAIT = re.compile(
    r"//|\\|url\(|&(?:#|[a-z]+;)|\b(?:style|src\w*|\w*href|background|poster|\w*action|data|ping|cite|lowsrc|dynsrc"
    r"|manifest|profile|longdesc|codebase|classid|archive|icon|on[a-z]+)\s*=",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"[:/.#?]")
WORD = r"[!#-&(-;=?-_a-~\u00a1-\u052f\u200b-\u200f\u2060\ufeff\uff01-\uff5e]"
SEEN = re.compile(r"[^\s<>\"'`]{1,300}\Z")
# What is left at the end of the text and may become a link when more of it comes.
UNFINISHED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Possessive (*+, ++): a hostile reply must not make the search try every way of splitting it.
        r"!?\[(?:[^\]]*+|[^\]]*+\]|[^\]]*+\]\((?:[^()]++|\([^()]*+\)?)*+|[^\]\n]*+\]:[^\n]*+)$",
        r"[\]!]$",
        r"<[/\s]*(?:[a-z]{0,6}|[a-z][a-z0-9+.-]{1,31}:[^\s<>]*)$",
        TAGS + r"[^<>]*$",
        OPEN_TAG.pattern,
        # A word, which may turn out to be an address. Scripts that set no spaces are not held back.
        rf"(?<!{WORD}){WORD}++$",
        rf"<{WORD}++$",
    )
)


class LinkFilter:
    """Feed it the pieces of a reply; it returns what may be shown."""

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._held = ""
        self._last = ""
        self._seen = ""
        self.removed = 0

    def feed(self, text: str, *, last: bool = False) -> str:
        self._held = self._clean(self._held + text, last)
        cut = len(self._held)
        if not last:
            cut = min([cut, *(found.start() for each in UNFINISHED if (found := each.search(self._held)))])
            if len(self._held) - cut > HOLD:
                cut = len(self._held)
        shown, self._held = self._defuse(self._without_addresses(self._held[:cut])), self._held[cut:]
        if self._last == "]" and shown[:1] in ("(", "[", ":"):
            shown = f" {shown}"
        self._last = shown[-1:] or self._last
        return shown

    def _clean(self, text: str, last: bool) -> str:
        # A link may hold an image, whose removal makes the link whole.
        while (without := INLINE.sub(self._inline, text)) != text:
            text = without
        text = DEFINITION.sub(lambda found: self._definition(found, last), text)
        text = AUTOLINK.sub(
            lambda found: found["target"] if self._allowed(found["target"]) else self._gone(found), text
        )
        # Without any > no tag ends, and every < would be followed to the end of the text. And again, for
        # <di<b style=//x>v …> is one tag when the inner one is gone.
        while ">" in text and (without := ANY_TAG.sub(self._tag, TAG.sub(self._gone, text))) != text:
            text = without
        return text

    def _tag(self, found: re.Match[str]) -> str:
        return self._gone(found) if BAIT.search(found[0]) else found[0]

    def _definition(self, found: re.Match[str], last: bool) -> str:
        # Its address is whole only at the end of the line; and x[1]: y in the middle of a line is none.
        inside = found.start() == 0 and self._last not in ("", "\n")
        if inside or not ADDRESS.search(found["target"]) or not (found["end"] or last):
            return found[0]
        return self._gone(found, found["end"])

    def _defuse(self, text: str) -> str:
        text = re.sub(r"\](?=[(\[:])", "] ", text)
        text = TAG_START.sub(lambda found: found[0].replace("<", "< ", 1), text)
        # A tag that is still open here is longer than what is held back, or the reply ends in it.
        return OPEN_TAG.sub("< ", ODD_START.sub("< ", text))

    def _inline(self, found: re.Match[str]) -> str:
        target = found["target"].strip().split(" ")[0].strip("<>")
        if not ADDRESS.search(target):
            return found[0]  # steps[0](x) in a piece of code
        if not found[0].startswith("!") and self._allowed(target):
            return f"{found['text']} ({target})"
        self.removed += 1
        return found["text"]

    def _without_addresses(self, text: str) -> str:
        """The text without addresses; of one that began in what was shown, the rest goes."""
        kept: list[str] = []
        whole, at, allowed = self._seen + text, len(self._seen), 0
        for start, end, host in sorted(addresses(whole)):
            if host in self._hosts or self._allowed(whole[start:end]):
                allowed = max(allowed, end)
            elif end > max(at, allowed):
                # One that overlaps the one before is gone with it.
                kept += [] if kept and start < at else [whole[at : max(start, at)], REMOVED]
                at, self.removed = end, self.removed + 1
        self._seen = found[0] if (found := SEEN.search(whole)) else ""
        return "".join((*kept, whole[at:]))

    def _gone(self, _: re.Match[str], instead: str = "") -> str:
        self.removed += 1
        return instead

    def _allowed(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
            return parts.scheme.lower() == "https" and (parts.hostname or "").lower() in self._hosts
        except ValueError:
            return False
