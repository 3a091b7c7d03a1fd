"""Given names that are common in English texts and in the other covered languages, from Faker's lists."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from cleo_model.corpus.pii.patterns.lists import listed

LOCALES = ("en", "en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_PT", "pt_BR")
# Also words of ordinary text, which begin sentences and name other things.
WORDS = listed("given_names_that_are_words")


@cache
def given_names() -> frozenset[str]:
    """In lower case; without those that are words of ordinary text."""
    found: set[str] = set()
    for locale in LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for field in ("first_names", "first_names_female", "first_names_male"):
            found.update(str(name).lower() for name in getattr(provider, field, ()))
    return frozenset(name for name in found if len(name) > 2 and " " not in name) - WORDS
