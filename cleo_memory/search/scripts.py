"""Runs of one script: words where a script puts spaces between them, pieces of signs where it does not.

Chinese, Japanese and Korean give every sign and every pair of neighbouring signs (a pair is the usual length of a
Chinese word, and cuts the particles off a Korean one); Thai, Lao, Khmer and Burmese the same of their clusters (a
consonant with the vowels and tones on it). So one sign is found, and so is a foreign word inside such a text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Inside a character class. Marks are word characters here: without them an Indic word falls apart at each vowel.
_SIGNS = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_CLUSTERED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
_MARKS = "\u0300-\u036f\u0900-\u0dff"
_RUN = re.compile(
    rf"(?P<signs>[{_SIGNS}]+)|(?P<clusters>[{_CLUSTERED}]+)|(?P<word>(?:(?![{_SIGNS}{_CLUSTERED}_])[\w{_MARKS}])+)"
)
_ASCII_WORD = re.compile(r"[^\W_]+")


BEFORE = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"
"""Thai and Lao vowels that are written before their consonant."""
AFTER = "\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3"
"""And those behind it."""


def folded(text: str) -> str:
    """The text in one width and one case; accents stay, see `without_accents`."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def without_accents(word: str) -> str:
    """Latin, Greek and Cyrillic letters without what stands on them; in other scripts a mark tells words apart."""
    if word.isascii() or ord(min(word)) >= 0x0590:
        return word
    parts = unicodedata.normalize("NFKD", word)
    return unicodedata.normalize("NFC", "".join(each for each in parts if not "\u0300" <= each <= "\u036f"))


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """Of a folded text: each word, and each piece of a run without spaces (True), in order."""
    if text.isascii():
        for word in _ASCII_WORD.findall(text):
            yield word, False
        return
    for found in _RUN.finditer(text):
        kind = found.lastgroup
        if kind == "word":
            yield found[0], False
            continue
        units = list(found[0]) if kind == "signs" else _clusters(found[0])
        for at, unit in enumerate(units):
            yield unit, True
            if at + 1 < len(units):
                yield unit + units[at + 1], True


def latin(text: str) -> float:
    """Share of the letters that are Latin; 1 where there are none."""
    letters = [each for each in text if each.isalpha()]
    return sum(each < "\u0250" or "\u1e00" <= each <= "\u1eff" for each in letters) / len(letters) if letters else 1.0


def _clusters(run: str) -> list[str]:
    found: list[str] = []
    for each in run:
        on_the_last = not unicodedata.category(each).startswith(("L", "N")) or each in AFTER
        if found and (on_the_last or found[-1] in BEFORE):
            found[-1] += each
        else:
            found.append(each)
    return found
