"""Patterns of personal data, by family; `direct` and `strict` are the finders of the two masking profiles."""

from __future__ import annotations

from functools import cache

from cleo_model.corpus.pii.patterns.pattern import PatternFinder

__all__ = ["direct_patterns", "strict_patterns"]


@cache
def direct_patterns() -> PatternFinder:
    """Finds what identifies a person by itself."""
    from cleo_model.corpus.pii.patterns.addresses import ADDRESSES
    from cleo_model.corpus.pii.patterns.dates import BIRTH
    from cleo_model.corpus.pii.patterns.devices import DEVICES
    from cleo_model.corpus.pii.patterns.identity import IDENTITIES
    from cleo_model.corpus.pii.patterns.mail import MAIL
    from cleo_model.corpus.pii.patterns.names import NAMES
    from cleo_model.corpus.pii.patterns.numbers import NUMBERS
    from cleo_model.corpus.pii.patterns.passwords import PASSWORDS
    from cleo_model.corpus.pii.patterns.phones import PHONES
    from cleo_model.corpus.pii.patterns.secrets import SECRETS
    from cleo_model.corpus.pii.patterns.web import WEB

    return PatternFinder(
        "patterns",
        [*MAIL, *NUMBERS, *IDENTITIES, *PHONES, *ADDRESSES, *BIRTH, *SECRETS, *PASSWORDS, *WEB, *DEVICES, *NAMES],
    )


@cache
def strict_patterns() -> PatternFinder:
    """Finds what identifies together with other things; beside the direct ones, not in their place."""
    from cleo_model.corpus.pii.patterns.dates import DATES
    from cleo_model.corpus.pii.patterns.strict import STRICT
    from cleo_model.corpus.pii.patterns.web import SITES

    return PatternFinder("strict patterns", [*DATES, *STRICT, *SITES])
