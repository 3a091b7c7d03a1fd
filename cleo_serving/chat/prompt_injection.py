"""Signs of prompt injection, counted. A detector is telemetry: the protection is that retrieved text is marked as
data, that control markers in it are broken up, and that links are taken out of replies."""

from __future__ import annotations

import re
import unicodedata

PATTERNS: dict[str, re.Pattern[str]] = {
    "override": re.compile(
        r"\b(ignore|disregard|forget|override|bypass)\b.{0,40}\b(previous|prior|above|earlier|all|your|system)\b.{0,40}"
        r"\b(instruction|prompt|rule|message|direction|guideline)s?\b"
    ),
    "role": re.compile(r"<\|[a-z_]+\|>|\[/?inst\]|<</?sys>>|^\s*(system|assistant)\s*:", re.MULTILINE),
    "persona": re.compile(r"\b(you are now|pretend to be|act as if you|developer mode|do anything now|jailbreak)\b"),
    "reveal": re.compile(
        r"\b(reveal|print|repeat|show|output|leak)\b.{0,40}\b(system prompt|your instructions|hidden|initial prompt)\b"
    ),
    "exfiltrate": re.compile(r"!\[[^\]]*\]\(|\b(send|post|append|encode)\b.{0,60}\bhttps?://"),
}
# Letters and digits long enough to hide a sentence in base64.
ENCODED = re.compile(r"\b[A-Za-z0-9+/]{120,}={0,2}(?![A-Za-z0-9+/=])")


def signs(text: str) -> tuple[str, ...]:
    """Names of the signs found in a text; empty for ordinary text."""
    # Look-alikes and invisible characters are the usual way round a pattern.
    shown = "".join(
        character
        for character in unicodedata.normalize("NFKC", text[:20_000])
        if unicodedata.category(character) != "Cf"
    )
    lowered = shown.lower()
    found = [name for name, pattern in PATTERNS.items() if pattern.search(lowered)]
    if ENCODED.search(shown):
        found.append("encoded")
    return tuple(found)
