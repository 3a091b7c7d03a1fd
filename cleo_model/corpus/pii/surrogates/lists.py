"""Lists that surrogates are drawn from: names by their first letter, from Faker's English locales, and words."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from importlib import import_module
from pathlib import Path

LOCALES = ("en_US", "en_GB", "en_IE")
LETTERS = "ABCDEFGHJKLMNPRST"
"""First letters of which there are enough names of each kind."""
Names = dict[str, tuple[str, ...]]


@cache
def names(kind: str) -> Names:
    """By first letter; `kind` is first_names_female, first_names_male or last_names."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for locale in LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for name in getattr(provider, kind, ()):
            if name.isascii() and name.isalpha() and len(name) > 2:
                found[name[0].upper()].add(name)
    return {letter: tuple(sorted(found[letter])) for letter in found}


@cache
def known(kind: str) -> frozenset[str]:
    """The same names in small letters."""
    return frozenset(name.lower() for listed in names(kind).values() for name in listed)


def is_common_given(word: str) -> bool:
    """Whether a word in small letters is a common given name."""
    return word in known("first_names_female") or word in known("first_names_male")


def is_common_family(word: str) -> bool:
    """Whether a word in small letters is a common family name."""
    return word in known("last_names")


@cache
def words(name: str) -> tuple[str, ...]:
    """A list of `words.yaml`."""
    import yaml

    return tuple(yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))[name])
