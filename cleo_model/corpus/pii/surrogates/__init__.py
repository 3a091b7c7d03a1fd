"""Surrogates: an invented value of the same kind in place of a personal one, the same one each time.

    draw       random choices under a key: without it nobody can test a guess ("is this Anna?")
    names      people, word by word: one person is one surrogate, by whatever form of the name
    contacts   mail addresses, user names and links of the surrogate person
    shapes     numbers and codes of the same shape that are valid nowhere
    dates      dates and ages, moved;  places: addresses, places, firms, peoples, titles

With the same key another version of the corpus keeps its surrogates. Numbers come from ranges that are reserved for
fiction or documentation, or fail on purpose where there is none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Container
from functools import lru_cache

from cleo_model.corpus.pii.surrogates import dates, places, shapes
from cleo_model.corpus.pii.surrogates.contacts import Contacts
from cleo_model.corpus.pii.surrogates.draw import Draw
from cleo_model.corpus.pii.surrogates.names import Names
from cleo_model.corpus.pii.values import squash

__all__ = ["Surrogates"]

MADE: dict[str, Callable[[random.Random, str], str]] = {
    "CREDIT_CARD": shapes.card, "IBAN_CODE": shapes.iban, "US_SSN": shapes.ssn, "SECRET": shapes.secret,
    "IP_ADDRESS": shapes.network, "MAC_ADDRESS": shapes.hardware, "PHONE_NUMBER": shapes.phone,
    "ZIP_CODE": shapes.postcode, "COORDINATES": shapes.coordinates, "DEVICE_ID": shapes.device,
    "VEHICLE_ID": shapes.vehicle,
    "STREET_ADDRESS": places.address, "LOCATION": places.city, "ORGANIZATION": places.organisation,
    "NRP": places.people, "TITLE": places.title, "DATE_OF_BIRTH": dates.born, "AGE": dates.age,
}  # fmt: skip
"""How a surrogate is made of a type; what is not named is a code, of which `shapes.code` makes another."""
REMEMBERED = 4096


class Surrogates:
    """Draws surrogates for one corpus.

    Args:
        key: secret of at least 16 bytes.
        avoid: squashed values that were found; a surrogate is never one of them.
        names: words of names that were found, squashed; a surrogate has none of them in it.
        given: given names in full names that were found, as `values.plain` has them.
        family: family names, likewise.
        scope: values of different scopes get different surrogates.
    """

    def __init__(
        self,
        key: bytes,
        avoid: Container[str] = frozenset(),
        names: Container[str] = frozenset(),
        given: Container[str] = frozenset(),
        family: Container[str] = frozenset(),
        scope: str = "corpus",
    ) -> None:
        self._draw = Draw(key, avoid, names, scope)
        self._names = Names(self._draw, given, family)
        self._contacts = Contacts(self._draw, self._names)
        # Of a bounded size, and only to save work: a draw does not depend on what was drawn before.
        self._made = lru_cache(REMEMBERED)(self._make)

    def __call__(self, entity: str, value: str, record: str = "") -> str:
        """The surrogate of a value of this type.

        Args:
            record: dates are moved by the same number of days within it, so that the time between them stays.
        """
        if entity == "DATE_TIME":
            days = self._draw.rng("DAYS", record)
            moved = dates.shifted(value, days.choice((-1, 1)) * days.randint(20, 400))
            return moved or self._made(entity, value)
        return self._made(entity, value)

    def _make(self, entity: str, value: str) -> str:
        match entity:
            case "PERSON":
                return self._names.whole(value)
            case "EMAIL_ADDRESS":
                return self._contacts.mail(value)
            case "USERNAME":
                return self._contacts.user(value)
            case "URL":
                return self._contacts.link(value)
            case "DATE_TIME":
                return self._draw.first(entity, squash(value), lambda rng: dates.loose(rng, value))
        make = MADE.get(entity) or shapes.code(entity)
        return self._draw.first(entity, squash(value), lambda rng: make(rng, value))
