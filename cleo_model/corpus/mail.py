"""E-mail addresses that masking should have left none of, by the very rule that detection finds them by."""

from __future__ import annotations

import re
from collections.abc import Collection

from cleo_model.corpus.pii.patterns.mail import MAIL
from cleo_model.corpus.pii.patterns.pattern import Facts

EXAMPLES = re.compile(r"(?:.+\.)?example(?:\.(?:com|org|net|edu))?", re.IGNORECASE)
"""Domains kept for examples (RFC 2606): there the surrogates live."""


def left_addresses(text: str, allowed: Collection[str] = ()) -> int:
    """How many addresses of people there are in a text: under a public suffix, and in no domain kept for examples.

    Args:
        allowed: values that a source leaves as they are, in lower case.
    """
    if "@" not in text:
        return 0
    plain = MAIL[0]
    values = (text[start:end] for start, end in plain.find(text, Facts.of(text)))
    return sum(not EXAMPLES.fullmatch(value.rpartition("@")[2]) and value.lower() not in allowed for value in values)
