"""Draws places and addresses, in the order and with the parts that each country writes."""

from __future__ import annotations

from random import Random
from typing import Any

from anyascii import anyascii

from cleo_model.corpus.pii.fit.pools import ADDRESSES, ADDRESSES_TRANSLITERATED, HOME, cities, countries, fakers, words
from cleo_model.corpus.pii.fit.sample import Sample


class Places:
    """The places of one text."""

    def __init__(self, rng: Random, language: str) -> None:
        self.rng, self.language = rng, language

    def _faker(self) -> tuple[Any, bool]:
        """Faker in a locale, and whether what it says is put in Latin letters."""
        pick = self.rng.random()
        if pick < 0.55:
            locale, latin = self.rng.choice([one for one in HOME[self.language] if one in ADDRESSES]), False
        elif pick < 0.9:
            locale, latin = self.rng.choice(ADDRESSES), False
        else:
            locale, latin = self.rng.choice(ADDRESSES_TRANSLITERATED), self.rng.random() < 0.75
        faker = fakers(locale)
        faker.seed_instance(self.rng.getrandbits(32))
        return faker, latin

    def _say(self, method: str, *others: str) -> str:
        """What the first of these methods gives that the locale has."""
        for _ in range(6):
            faker, latin = self._faker()
            for name in (method, *others):
                if (make := getattr(faker, name, None)) is not None:
                    try:
                        value = str(make())
                    except (AttributeError, IndexError, TypeError):
                        continue
                    return (anyascii(value) if latin else value).replace("\n", ", ")
        return str(self.rng.randrange(10, 99999))

    def city(self) -> str:
        pick = self.rng.random()
        if pick < 0.4:
            return str(self.rng.choice(words("words")["cities"]))
        if pick < 0.7:
            listed = cities(self.rng.choice([*HOME[self.language], *ADDRESSES]))
            if listed:
                return self.rng.choice(listed)
        return self._say("city", "city_name")

    def state(self) -> str:
        faker = fakers("en_US")
        faker.seed_instance(self.rng.getrandbits(32))
        if self.language == "en" and self.rng.random() < 0.6:
            return str(faker.state() if self.rng.random() < 0.6 else faker.state_abbr())
        return self._say("state", "administrative_unit", "region", "province", "county", "department_name")

    def country(self) -> Sample:
        return _named(self._country())

    def place(self) -> Sample:
        return _named(str(self.rng.choice(words("words")["places"])))

    def _country(self) -> str:
        if self.rng.random() < 0.35:
            return str(self.rng.choice(words("words")["short_countries"]))
        languages = [self.language] * 6 + ["en", "de", "fr", "es", "it", "pt"]
        return self.rng.choice(countries(self.rng.choice(languages)))

    def postcode(self) -> str:
        return self._say("postcode", "zipcode", "postalcode")

    def house_number(self) -> str:
        low, high = self.rng.choice([(1, 60), (1, 400), (100, 9999), (10_000, 29_999)])
        return f"{self.rng.randrange(low, high)}{self.rng.choice(['', '', '', '', '', 'a', 'B', '-3', '/4', 'bis'])}"

    def _plain_street(self) -> str:
        parts = words("addresses")
        return f"{self.rng.choice(parts['streets'])} {self.rng.choice(parts['kinds'])}"

    def street_name(self) -> str:
        if self.rng.random() < (0.35 if self.language == "en" else 0.1):
            return self._plain_street()
        return self._say("street_name")

    def street(self) -> str:
        if self.rng.random() < (0.3 if self.language == "en" else 0.05):
            return f"{self.house_number()} {self._plain_street()}"
        if self.rng.random() < 0.25:
            name, number = self._say("street_name"), self.house_number()
            orders = ["{0} {1}", "{1} {0}", "{0}, {1}", "{1}, {0}", "{0} no. {1}"]
            return self.rng.choice(orders).format(name, number)
        return self._say("street_address")

    def unit(self) -> str:
        rng = self.rng
        number = rng.choice(
            [f"{rng.randrange(1, 40)}", f"{rng.randrange(100, 999)}", f"{rng.randrange(1, 20)}{rng.choice('ABCD')}"]
        )
        return str(rng.choice(words("addresses")["units"][self.language])).format(number)

    def pobox(self) -> str:
        return str(self.rng.choice(words("addresses")["boxes"])).format(self.rng.randrange(10, 99_999))

    def military(self) -> str:
        rng = self.rng
        first, second = rng.randrange(1000, 9999), rng.randrange(1000, 9999)
        ship = self._plain_street().split()[0]
        head = rng.choice([f"Unit {first} Box {second}", f"PSC {first}, Box {second}", f"USNV {ship}", f"USS {ship}"])
        office = f"{rng.choice(['APO', 'FPO', 'DPO'])} {rng.choice(['AA', 'AE', 'AP'])} {rng.randrange(10_000, 99_999)}"
        return rng.choice(["\n", ", "]).join([head, office])

    def crossing(self) -> str:
        """Where two streets meet, with or without the words that say so."""
        one, other = (self.street() if self.rng.random() < 0.3 else self.street_name() for _ in range(2))
        ways = [
            "the corner of {} and {}", "corner of {} and {}", "the intersection of {} and {}", "{} and {}",
            "{} & {}", "{} at {}",
        ]  # fmt: skip
        return self.rng.choice(ways).format(one.split(", ")[0], other.split(", ")[0])

    def full(self) -> Sample:
        """A whole address. It is one span, so that it is one address to those who replace it."""
        rng = self.rng
        if rng.random() < 0.05:
            return Sample().add(self.military(), "STREET_ADDRESS")
        if rng.random() < 0.05:
            return Sample().add(self.crossing(), "STREET_ADDRESS")
        street = self.pobox() if rng.random() < 0.04 else self.street()
        street = street.split(", ")[0] if rng.random() < 0.3 else street
        if rng.random() < 0.25:
            street += rng.choice([", ", " ", "\n", ",", "\n "]) + self.unit()
        parts = [street] if rng.random() < 0.15 else [street, self._last_line()]
        if rng.random() < 0.25:
            parts.append(self._country() if rng.random() < 0.75 else f"{self._country()} {self.postcode()}")
        if rng.random() < 0.03:
            parts.insert(1, f"c/o {self._plain_street().split()[0]}")
        between = rng.choice([", ", ", ", ", ", "\n", "\n", "\n ", " ", "; ", " - ", ",", ",\n"])
        return Sample().add(between.join(parts), "STREET_ADDRESS")

    def _last_line(self) -> str:
        city, postcode = self.city(), self.postcode()
        if (pick := self.rng.random()) < 0.15:
            city = city.upper() if pick < 0.1 else city.lower()
        forms = [city, f"{postcode} {city}", f"{city} {postcode}", f"{postcode} {city}", f"{postcode} {city}"]
        if self.language == "en":
            state = self.state()
            forms = [
                city,
                f"{postcode} {city}",
                f"{city} {postcode}",
                f"{city}, {state} {postcode}",
                f"{city}, {state}",
            ]
        return self.rng.choice(forms)


def _named(place: str) -> Sample:
    """The place; an article in front of its name is not of it."""
    article = "the " if place.startswith("the ") else ""
    return Sample().add(article).add(place.removeprefix("the "), "LOCATION")
