"""Names of people, from Faker's lists: given names of the covered languages, and full names of the world."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module

from cleo_model.corpus.pii.patterns.lists import listed

LOCALES = ("en", "en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_PT", "pt_BR")
# Also words of ordinary text, which begin sentences and name other things.
WORDS = listed("given_names_that_are_words")
NOT_FAMILY = listed("family_names_that_are_words")
FAMILY_FIRST = ("zh_CN", "zh_TW", "vi_VN", "hu_HU", "ja_JP")
GIVEN = re.compile(r"first_names\w*|romanized_names|first_romanized_\w+")
FAMILY = re.compile(r"last_names\w*|romanized_names|last_romanized_\w+")


@cache
def given_names() -> frozenset[str]:
    """In lower case; without those that are words of ordinary text."""
    found: set[str] = set()
    for locale in LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for field in ("first_names", "first_names_female", "first_names_male"):
            found.update(str(name).lower() for name in getattr(provider, field, ()))
    return frozenset(name for name in found if len(name) > 2 and " " not in name) - WORDS


def is_full_name(value: str, *, half: bool = False) -> bool:
    """Whether it is a given and a family name that stand in lists, perhaps others between them, and neither is small.

    Accents and script do not matter, nor capitals where a script has none; Chinese, Vietnamese, Hungarian and Japanese
    names may have the family's first.

    Args:
        half: one of the two is enough.
    """
    from anyascii import anyascii

    parts = value.split()
    if not 2 <= len(parts) <= 4 or any(part[0].islower() for part in (parts[0], parts[-1])):
        return False
    first, last = (anyascii(part).lower().strip(".,'’") for part in (parts[0], parts[-1]))
    world = _world()
    if half and (first in world["given"] or last in world["family"] or first in world["family first"]):
        return True
    return (first in world["given"] and last in world["family"]) or (
        first in world["family first"] and last in world["given after it"]
    )


@cache
def _world() -> dict[str, frozenset[str]]:
    import faker.providers.person as people

    found: dict[str, set[str]] = {"given": set(), "family": set(), "family first": set(), "given after it": set()}
    for module in pkgutil.iter_modules(people.__path__):
        provider = import_module(f"{people.__name__}.{module.name}").Provider
        given, family = (set(_plain(_names(provider, field))) for field in (GIVEN, FAMILY))
        found["given"] |= given
        found["family"] |= family
        if module.name in FAMILY_FIRST:
            found["family first"] |= family
            found["given after it"] |= given
    return {kind: frozenset(names) - WORDS - NOT_FAMILY for kind, names in found.items()}


def _names(provider: type, fields: re.Pattern[str]) -> Iterator[str]:
    for field in dir(provider):
        listed_names = getattr(provider, field)
        if fields.fullmatch(field) and isinstance(listed_names, list | tuple | dict):
            for name in listed_names:
                yield from name if isinstance(name, tuple) else (str(name),)


def _plain(names: Iterable[str]) -> Iterator[str]:
    from anyascii import anyascii

    for name in names:
        plain = anyascii(name).lower()
        if len(plain) > 1 and re.fullmatch(r"[a-z'-]+", plain):
            yield plain
