"""Surrogates: an invented value of the same kind in place of a personal one, the same one each time.

The surrogate of a value is drawn by HMAC-SHA256 under a key, so without the key nobody can test a guess ("is this
Anna?"), and with the same key another version of the corpus keeps its surrogates. Names are drawn word by word, so
that a person who is later called by the given name alone stays the same person. Numbers come from ranges that are
reserved for fiction or documentation, or fail on purpose where there is none.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable

from faker import Faker
from faker.providers.person.en_US import Provider as AmericanNames
from stdnum import luhn

PARTICLES = frozenset(["van", "von", "de", "der", "da", "di", "la", "le", "bin", "al"])

WORD = re.compile(r"[^\W\d_]+")


def fold(value: str) -> str:
    """How values are compared: without case and white space, in compatibility form."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


class Surrogates:
    """Draws surrogates for one corpus.

    Args:
        key: secret of at least 16 bytes.
        avoid: every value that was found; a surrogate is never one of them, nor has it a word of a name among them,
            such as a street that is called after somebody.
        scope: values of different scopes get different surrogates.
    """

    def __init__(self, key: bytes, avoid: Iterable[tuple[str, str]], scope: str = "corpus") -> None:
        self.key, self.scope = key, scope
        # One instance, seeded again for each value: making one costs ten times as much as drawing.
        self.fake = Faker("en_US")
        self.avoid: set[str] = set()
        self._names: set[str] = set()
        self._given: set[str] = set()
        self._family: set[str] = set()
        for entity, value in avoid:
            self.avoid.add(fold(value))
            if entity == "PERSON":
                words = [fold(word) for word in value.split()]
                self._names.update(word for word in (*words, *map(fold, WORD.findall(value))) if len(word) > 2)
                if len(words) > 1:
                    self._given.update(words[:-1])
                    self._family.add(words[-1])
        self._known: dict[tuple[str, str], str] = {}
        self._taken: dict[str, set[str]] = {}
        self._female = {fold(name) for name in AmericanNames.first_names_female}
        self._male = {fold(name) for name in AmericanNames.first_names_male}

    def __call__(self, entity: str, value: str) -> str:
        """The surrogate of a value of this type."""
        if entity == "PERSON":
            return self._person(value)
        return self._draw(entity, value, value)

    def _draw(self, kind: str, value: str, shape: str) -> str:
        name = (kind, fold(value))
        if name in self._known:
            return self._known[name]
        taken = self._taken.setdefault(kind, set())
        for attempt in range(1000):
            message = "\0".join((self.scope, kind, fold(value), str(attempt))).encode()
            seed = int.from_bytes(hmac.new(self.key, message, hashlib.sha256).digest()[:16], "big")
            self.fake.seed_instance(seed)
            made = self._make(kind, shape)
            # Words of names may be shared by two people; whole values may not, as long as there are others.
            if self._unlike_those_found(made) and (
                kind in ("GIVEN", "FAMILY") or fold(made) not in taken or attempt > 50
            ):
                break
        taken.add(fold(made))
        self._known[name] = made
        return made

    def _unlike_those_found(self, made: str) -> bool:
        return fold(made) not in self.avoid and self._names.isdisjoint(fold(word) for word in WORD.findall(made))

    def _person(self, value: str) -> str:
        words = value.split()
        made = []
        for place, word in enumerate(words):
            if word.lower() in PARTICLES:
                made.append(word)
            elif len(word.strip(".")) == 1 or (word.endswith(".") and len(word) <= 5 and word.count(".") > 1):
                made.append(f"{self._draw('GIVEN', word, word)[0]}.")
            else:
                is_given = self._is_given(fold(word)) if len(words) == 1 else place < len(words) - 1
                made.append(self._draw("GIVEN" if is_given else "FAMILY", word, word))
        name = " ".join(made)
        return name.upper() if value.isupper() and len(value) > 3 else name

    def _is_given(self, word: str) -> bool:
        """Whether a name that stands alone is a given one: as it stands in whole names, else by the common ones."""
        if (word in self._given) != (word in self._family):
            return word in self._given
        return word in self._female or word in self._male

    def _make(self, kind: str, shape: str) -> str:
        fake = self.fake
        match kind:
            case "GIVEN":
                female, male = fold(shape) in self._female, fold(shape) in self._male
                if female == male:
                    return str(fake.first_name())
                return str(fake.first_name_female() if female else fake.first_name_male())
            case "FAMILY":
                return str(fake.last_name())
            case "EMAIL_ADDRESS":
                user = f"{fake.first_name()}.{fake.last_name()}{fake.random_int(1, 99)}".lower()
                return f"{user}@{fake.random_element(('example.com', 'example.org', 'example.net'))}"
            case "STREET_ADDRESS":
                return self._address(shape)
            case "CREDIT_CARD":
                # 9999 belongs to no issuer.
                digits = "9999" + _digits(fake, sum(c.isdigit() for c in shape) - 5)
                return _fill(shape, digits + luhn.calc_check_digit(digits))
            case "US_SSN":
                # 666 is never given out.
                return _fill(shape, f"666{_digits(fake, 6)}")
            case "IBAN_CODE":
                # XX is no country.
                plain = f"XX{_digits(fake, sum(c.isalnum() for c in shape) - 2)}"
                return " ".join(plain[i : i + 4] for i in range(0, len(plain), 4)) if " " in shape else plain
            case "IP_ADDRESS":
                if ":" in shape:
                    return f"2001:db8:{fake.random_int(1, 65535):x}::{fake.random_int(1, 65535):x}"
                return f"{fake.random_element(('192.0.2', '198.51.100', '203.0.113'))}.{fake.random_int(1, 254)}"
            case "PHONE_NUMBER":
                return _phone(fake, shape)
            case "DATE_OF_BIRTH":
                return _date(fake, shape)
            case _:
                return f"secret-{fake.random_int(10**9, 10**10 - 1)}"

    def _address(self, shape: str) -> str:
        fake = self.fake
        street = f"{fake.building_number()} {fake.street_name()}"
        return f"{street}, {fake.city()}, {fake.state_abbr()} {fake.postcode()}" if "," in shape else street


def _digits(fake: Faker, count: int) -> str:
    return "".join(str(fake.random_digit()) for _ in range(max(count, 0)))


def _fill(shape: str, digits: str) -> str:
    """The digits in the layout of the value they replace."""
    source = iter(digits)
    return "".join(next(source, "0") if char.isdigit() else char for char in shape)


def _phone(fake: Faker, shape: str) -> str:
    """A number with 555-01xx in it, which is kept for fiction; the country code and the layout stay."""
    count = sum(char.isdigit() for char in shape)
    prefix = re.match(r"\+\d{1,3}(?=\D)", shape)
    kept = prefix.group()[1:] if prefix else ("1" if count == 11 and shape.startswith(("1", "+1")) else "")
    left = count - len(kept)
    tail = f"55501{_digits(fake, 2)}"
    body = (
        (str(fake.random_int(2, 9)) + _digits(fake, left - 8) + tail)
        if left > 8
        else tail[-left:]
        if left <= 7
        else f"2{tail}"
    )
    return _fill(shape, kept + body)


def _date(fake: Faker, shape: str) -> str:
    year, month, day = fake.random_int(1940, 2004), fake.random_int(1, 12), fake.random_int(1, 28)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", shape):
        return f"{year}-{month:02d}-{day:02d}"
    if re.fullmatch(r"[\d/.]+", shape):
        sign = "/" if "/" in shape else "."
        return f"{month:02d}{sign}{day:02d}{sign}{year}"
    name = calendar.month_name[month]
    return f"{day} {name} {year}" if shape[0].isdigit() else f"{name} {day}, {year}"
