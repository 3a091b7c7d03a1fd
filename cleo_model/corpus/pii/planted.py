"""Invented personal values that are planted in the corpus, and the side file that says what was planted where."""

from __future__ import annotations

import calendar
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from stdnum import iban, luhn

from cleo_core.files import read_jsonl, write_jsonl
from cleo_model.corpus.sources.words import words

PLANTED = "planted.jsonl"


@dataclass(frozen=True, slots=True)
class Planted:
    """One personal value, and the id of the record it was planted in."""

    record: str
    type: str
    value: str


def read_planted(folder: Path) -> list[Planted]:
    """What was planted in the corpus of this stage; empty where its sources hold no generated dialogues."""
    path = folder / PLANTED
    if not path.is_file():
        return []
    return [Planted(**value) for value in read_jsonl(path)]


def write_planted(folder: Path, planted: list[Planted]) -> None:
    write_jsonl(folder / PLANTED, map(asdict, planted))


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _email(rng: random.Random, given: str, family: str) -> str:
    family = family.replace("'", "")
    form = rng.choice(("{0}.{1}@{2}", "{0}_{1}@{2}", "{3}{1}@{2}", "{0}{4}@{2}", "{0}.{1}+news@{2}"))
    made = form.format(given, family, rng.choice(words("personas")["mail"]), given[0], rng.randint(10, 99))
    return made.lower() if rng.random() < 0.8 else made


def _phone(rng: random.Random, *_: str) -> str:
    area, middle, last = rng.randint(212, 979), rng.randint(200, 998), _digits(rng, 4)
    return rng.choice(
        (f"({area}) {middle}-{last}", f"{area}-{middle}-{last}", f"{area}.{middle}.{last}",
         f"+1 {area} {middle} {last}",
         f"+44 20 7{_digits(rng, 3)} {_digits(rng, 4)}", f"+49 30 {_digits(rng, 8)}")
    )  # fmt: skip


def _address(rng: random.Random, *_: str) -> str:
    lists = words("personas")
    town, state, code = rng.choice(lists["towns"])
    street = f"{rng.randint(2, 9899)} {rng.choice(lists['streets'])} {rng.choice(lists['street_kinds'])}"
    return rng.choice(
        (street, f"{street}, {town}, {state} {code}", f"{street}, Apt {rng.randint(1, 60)}, {town}, {state} {code}")
    )


def _card(rng: random.Random, *_: str) -> str:
    digits = rng.choice(("4", "51", "52", "55"))
    digits += _digits(rng, 15 - len(digits))
    digits += luhn.calc_check_digit(digits)
    fours = [digits[i : i + 4] for i in range(0, 16, 4)]
    return rng.choice((digits, " ".join(fours), "-".join(fours)))


def _iban(rng: random.Random, *_: str) -> str:
    country, body = rng.choice((("DE", _digits(rng, 18)), ("GB", f"NWBK{_digits(rng, 14)}"), ("FR", _digits(rng, 23))))
    plain = f"{country}{iban.calc_check_digits(f'{country}00{body}')}{body}"
    return plain if rng.random() < 0.5 else " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def _ssn(rng: random.Random, *_: str) -> str:
    return f"{rng.randint(100, 665)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}"


def _born(rng: random.Random, *_: str) -> str:
    year, month, day = rng.randint(1940, 2004), rng.randint(1, 12), rng.randint(1, 28)
    name = calendar.month_name[month]
    plain = (f"{year}-{month:02d}-{day:02d}", f"{month:02d}/{day:02d}/{year}")
    return rng.choice((f"{name} {day}, {year}", f"{day} {name} {year}", *plain))


def _network(rng: random.Random, *_: str) -> str:
    return f"{rng.randint(11, 99)}.{rng.randint(1, 254)}.{rng.randint(1, 254)}.{rng.randint(1, 254)}"


CONTACTS: dict[str, Callable[[random.Random, str, str], str]] = {
    "EMAIL_ADDRESS": _email, "PHONE_NUMBER": _phone, "STREET_ADDRESS": _address, "CREDIT_CARD": _card,
    "IBAN_CODE": _iban, "US_SSN": _ssn, "DATE_OF_BIRTH": _born, "IP_ADDRESS": _network,
}  # fmt: skip
