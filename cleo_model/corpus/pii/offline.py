"""Presidio without the network: as it comes, its recognizer of mail addresses asks there for the public suffixes."""

from __future__ import annotations

import tldextract.tldextract

from cleo_model.corpus.pii.patterns.mail import suffixes


def keep_offline() -> None:
    """Let Presidio read hosts by the list of public suffixes that came along with its library."""
    tldextract.tldextract.TLD_EXTRACTOR = suffixes()
