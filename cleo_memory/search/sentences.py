"""Where a sentence ends, in any script."""

from __future__ import annotations

import re
from collections.abc import Iterator

MONTHS = (
    "jan|feb|mar|mär|apr|may|mai|mag|maa|mei|jun|jui|giu|jul|lug|aug|aoû|ago|sep|set|oct|okt|ott|out|nov|dec|dez|déc"
    "|dic|ene|gen|avr|abr|fév|fev"
)
# A full stop ends a sentence, but not behind a day of the month, an initial or an abbreviation.
ABBREVIATIONS = (
    r"Dr|Mr|Mrs|Ms|St|Prof|Sr|Sra|Mme|Hr|Fr|Nr|No|bzw|ca|vs|etc|z\.B|e\.g|i\.e|u\.a|approx|Dott|Sig|dhr|mevr"
)
END = re.compile(r"((?<=[.!?…;؟])(?<!\b[A-Z]\.)[\"'”»)]*)\s+|((?<=[。！？；])[\"”»」』）]*)\s*|\n+")
ABBREVIATED = re.compile(rf"\b(?:{ABBREVIATIONS})\.$", re.IGNORECASE)
DAY_OF_MONTH = re.compile(r"\b\d{1,2}\.$")
MONTH_FOLLOWS = re.compile(rf"\s*(?:{MONTHS})", re.IGNORECASE)
LONGEST_END = 24
"""Characters that are looked at for an abbreviation or a day in front of a full stop."""


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text in order, with their closing signs and quotes; a line is one too. None is empty."""
    start = 0
    for end in END.finditer(text):
        behind = end.end(1) if end[1] is not None else end.end(2) if end[2] is not None else end.start()
        last = text[max(start, behind - LONGEST_END) : behind]
        goes_on = ABBREVIATED.search(last) or (DAY_OF_MONTH.search(last) and MONTH_FOLLOWS.match(text, end.end()))
        if goes_on and "\n" not in end[0]:
            continue
        if sentence := text[start:behind].strip():
            yield sentence
        start = end.end()
    if sentence := text[start:].strip():
        yield sentence
