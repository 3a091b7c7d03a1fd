"""Ends a reply where the user wants it to end: "answer in one sentence" is done, and not only asked of the model."""

from __future__ import annotations

import re

NUMBERS = {
    1: r"one|a single|single|einem|einen|une|un|una|uno|uma|numa|één|een|1",
    2: r"two|zwei|deux|dos|twee|due|duas|2",
    3: r"three|drei|trois|tres|drie|tre|três|3",
}
SENTENCES = r"sentences?|satz|sätzen?|phrases?|frases?|oraci(?:ón|ones)|zin(?:nen)?|fras[ei]"
SHORT = re.compile(
    r"\b(?:short|brief(?:ly)?|concise(?:ly)?|kurz|knapp|bref|brève|brièvement|court(?:es)?|breve|brevemente|cortas?|conciso"
    r"|kort|beknopt|bondig|brevi)\b",
    re.IGNORECASE,
)
END = re.compile(r"(?:(?<=[^\W\d]{3})[.!?…]+|(?<=[\d)\]\"'”»])[.!?…]+|[。！？])[\"')\]”»]*(?=\s)")


def sentences_wanted(wish: str | None) -> int | None:
    """How many sentences a reply may have at most by the user's own words; None when they name no number."""
    if wish is None:
        return None
    for number, words in NUMBERS.items():
        if re.search(rf"\b(?:{words})\b[\w ]{{0,16}}\b(?:{SENTENCES})\b", wish, re.IGNORECASE):
            return number
    return 2 if SHORT.search(wish) else None


class SentenceLimit:
    """Feed it the pieces of a reply; it returns what belongs to the first sentences."""

    def __init__(self, most: int | None) -> None:
        self._left, self._open = most, ""
        self.reached = False

    def feed(self, text: str) -> str:
        """The part of the next piece that may be shown; `reached` when nothing more may."""
        if self._left is None:
            return text
        if self.reached:
            return ""
        before, self._open = len(self._open), self._open + text
        position = 0
        while found := END.search(self._open, position):
            position = found.end()
            self._left -= 1
            if self._left == 0:
                self.reached = True
                return self._open[before:position]
        self._open, before = self._open[position:], 0
        return text
