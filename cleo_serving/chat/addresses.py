"""Finds what a client shows as a link though no Markdown says so: ``evil.com/?d=x``, ``//evil.com``, ``mailto:…``.

Clients guess: they take a word for an address by its last label. So does this, more widely than any one of them, for
what is missed is a way out. A bare domain is one only under the usual endings: ``user.id`` and ``main.py`` are code.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from linkify_it.tlds import TLDS

ENDINGS = frozenset(ending.lower() for ending in TLDS)
"""Every top-level domain: with a path or a query behind it, a word that ends in one is an address."""
# fmt: off
USUAL = frozenset({
    "com", "net", "org", "edu", "gov", "mil", "biz", "xyz", "io", "co", "eu", "uk", "de", "fr", "es", "nl", "pt", "pl",
    "ru", "ua", "cn", "jp", "kr", "br", "au", "ca", "ch", "be", "se", "dk", "fi", "cz", "us", "online", "site", "club",
    "shop", "icu",
})
"""Those that make a link of a bare domain. Names in code are left out: ``frame.at``, ``stack.top``, ``user.id``."""
FILES = frozenset({"cc", "md", "mm", "pl", "ps", "py", "rs", "sh", "so", "zip"})
"""Endings of domains and of files: ``main.py:12`` is a place in a file."""
# fmt: on
PUNCTUATION = ".,;:!?)]}*_~"

OPENED = re.compile(r"(?:(?:https?|ftp):/?/|\b[a-z][a-z0-9+.-]{1,31}://|www\.)[^\s<>\"'`\])]*+", re.IGNORECASE)
WRITTEN = re.compile(r"\b(?:mailto|sms|smsto|xmpp|sips?|skype|whatsapp|tg|intent):[^\s<>\"'`]++", re.IGNORECASE)
RELATIVE = re.compile(r"(?<![:/\w])/{2,}(?=[^\s/<>\"'`]*[.@:])[^\s<>\"'`]++")
# Possessive, and only at the start of a run: a run of dots is read once.
DOMAIN = re.compile(
    r"(?<![\w/-])(?P<host>[\w-]++(?:\.[\w-]++)++)(?:\.(?=[:/?#]))?(?P<port>:\d{1,5}(?!\d))?"
    r"(?P<path>[/?#][^\s<>\"'`]*+)?",
    re.IGNORECASE,
)
NETWORK = re.compile(r"/\d{1,3}")
SPELLED = re.compile(r"[&\\%\u00ad\u200b-\u200f\u2060\ufeff\uff01-\uff5e]")
RUN = re.compile(r"\S+")


def addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and host of each, in no order; they may overlap. The host is empty where it is not plain."""
    for found in OPENED.finditer(text):
        yield found.start(), _end(found), ""
    for pattern in (WRITTEN, RELATIVE):
        for found in pattern.finditer(text):
            yield found.start(), _end(found), ""
    for found in DOMAIN.finditer(text):
        if _is_address(found):
            yield found.start(), _end(found), found["host"].lower()
    for run in RUN.finditer(text):
        plain = _plain(run[0]) if SPELLED.search(run[0]) else run[0]
        if plain != run[0] and any(addresses(plain)):
            yield run.start(), run.end(), ""


def _plain(word: str) -> str:
    """What a client makes of entities, escapes, signs that cannot be seen, and wide forms."""
    word = re.sub(r"\\(?=[!-/:-@\[-`{-~])|[\u00ad\u200b-\u200f\u2060\ufeff]", "", html.unescape(word))
    word = re.sub(r"%(2[ef]|3a|40)", lambda found: chr(int(found[1], 16)), word, flags=re.IGNORECASE)
    return unicodedata.normalize("NFKC", word)


def _end(found: re.Match[str]) -> int:
    return found.start() + len(found[0].rstrip(PUNCTUATION))


def _is_address(found: re.Match[str]) -> bool:
    ending = _ascii(found["host"].rpartition(".")[2].lower())
    path = (found["path"] or "").rstrip(PUNCTUATION)
    more = len(path) > 1
    if ending.isdigit():
        return more and bool(re.fullmatch(r"(?:\d{1,3}\.){3}\d{1,3}", found["host"])) and not NETWORK.fullmatch(path)
    if ending.startswith("xn--"):
        return True
    if ending not in ENDINGS:
        return False
    if more or (found["port"] and ending not in FILES):
        return True
    # Behind an @ it is a mail address, which carries nothing away by itself.
    return ending in USUAL and found.string[found.start() - 1 : found.start()] != "@"


def _ascii(label: str) -> str:
    try:
        return label if label.isascii() else label.encode("idna").decode()
    except UnicodeError:
        return label
