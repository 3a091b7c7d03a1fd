"""Invented personal values, for text that values are planted in: the built-in dialogues, and copies of a corpus.

There are values of every type that the direct profile masks, in forms of our own, with check digits that hold. Nothing
here is shared with what the detector is fitted on, so that what comes through says something about text that it has
not seen.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from stdnum import iban, luhn

from cleo_model.corpus.pii.values import plain

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")


@cache
def _lists() -> Any:
    import yaml

    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def make(kind: str, language: str, rng: random.Random) -> str:
    """A value of this type, as people of this language write it."""
    return MAKERS[kind](rng, language)


def _part(name: str, language: str, rng: random.Random) -> str:
    return str(rng.choice(_lists()[name][language]))


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def _letters(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.ascii_uppercase) for _ in range(count))


def _token(rng: random.Random, count: int) -> str:
    made = "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(count - 2))
    return f"{made}7k"


def _person(rng: random.Random, language: str) -> str:
    given, family = _part("given", language, rng), _part("family", language, rng)
    return rng.choice((f"{given} {family}", f"{given} {family}", f"{given} {family}", given, f"{given[0]}. {family}"))


def email(given: str, family: str, rng: random.Random) -> str:
    """An address of mail that a person of this name may have."""
    given, family = plain(given), plain(family)
    form = rng.choice(("{0}.{1}", "{1}.{0}", "{0}{1}", "{2}{1}", "{0}-{1}", "{0}{3}", "{0}_{1}", "{0}.{1}+news"))
    local = form.format(given, family, given[0], rng.randint(2, 99))
    return f"{local}@{rng.choice(_lists()['domains'])}"


def _email(rng: random.Random, language: str) -> str:
    return email(_part("given", language, rng), _part("family", language, rng), rng)


PHONES = {
    "en": ("({a}) {b}-{c}", "{a}-{b}-{c}", "{a} {b} {c}", "+1 {a} {b} {c}", "+1 ({a}) {b}-{c}", "+44 7{d} {e}"),
    "de": ("0{d}/{e}", "+49 1{f} {g}", "(0{f}) {e}"),
    "fr": ("06 {p} {p} {p} {p}", "+33 6 {p} {p} {p} {p}"),
    "es": ("6{b} {b} {b}", "+34 6{f} {b} {b}"),
    "it": ("33{h} {b} {c}", "+39 33{h} {b}{c}"),
    "nl": ("06-{g}", "+31 6 {g}"),
    "pt": ("91{h} {b} {b}", "+351 91{h} {b} {b}"),
}


def _phone(rng: random.Random, language: str) -> str:
    form = rng.choice(PHONES[language])
    parts = {
        "a": str(rng.choice((212, 312, 415, 503, 617, 713, 818, 919))), "b": str(rng.randint(230, 989)),
        "c": _digits(rng, 4), "d": str(rng.randint(400, 899)), "e": str(rng.randint(200_000, 999_999)),
        "f": str(rng.randint(50, 79)), "g": str(rng.randint(10_000_000, 99_999_999)), "h": str(rng.randint(1, 9)),
    }  # fmt: skip
    while "{p}" in form:
        form = form.replace("{p}", f"{rng.randint(10, 99)}", 1)
    return form.format(**parts)


def _street(rng: random.Random, language: str) -> str:
    return _part("streets", language, rng).format(rng.randint(2, 480))


def _zip(rng: random.Random, _: str) -> str:
    plus = f"{rng.randint(10_000, 98_999)}-{rng.randint(1000, 9999)}"
    british = f"{rng.choice(('SW', 'NE', 'BS', 'LS'))}{rng.randint(1, 19)} {rng.randint(1, 9)}{_letters(rng, 2)}"
    return rng.choice((str(rng.randint(10_000, 98_999)), plus, british))


MONTHS = ("January", "March", "April", "June", "August", "October", "November", "December")


def _born(rng: random.Random, language: str) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1938, 2006)
    if language != "en":
        return f"{day:02d}.{month:02d}.{year}" if language == "de" else f"{day:02d}/{month:02d}/{year}"
    named = rng.choice(MONTHS)
    return rng.choice(
        (
            f"{day} {named} {year}",
            f"{named} {day}, {year}",
            f"{month:02d}/{day:02d}/{year}",
            f"{year}-{month:02d}-{day:02d}",
        )
    )


def _card(rng: random.Random, _: str) -> str:
    length, start = rng.choice(((16, "4"), (16, "53"), (16, "55"), (15, "37")))
    body = start + _digits(rng, length - len(start) - 1)
    number = body + luhn.calc_check_digit(body)
    if length == 15:
        return rng.choice((number, f"{number[:4]} {number[4:10]} {number[10:]}"))
    fours = [number[place : place + 4] for place in range(0, 16, 4)]
    return rng.choice((number, " ".join(fours), "-".join(fours)))


def _iban(rng: random.Random, _: str) -> str:
    country, body = rng.choice(
        (
            ("DE", _digits(rng, 18)),
            ("GB", f"MIDL{_digits(rng, 14)}"),
            ("IE", f"AIBK{_digits(rng, 14)}"),
            ("NL", f"INGB{_digits(rng, 10)}"),
        )
    )
    whole = f"{country}{iban.calc_check_digits(f'{country}00{body}')}{body}"
    return rng.choice((whole, " ".join(whole[place : place + 4] for place in range(0, len(whole), 4))))


def _ssn(rng: random.Random, _: str) -> str:
    return f"{rng.randint(101, 664)}-{rng.randint(11, 98)}-{rng.randint(1001, 9998)}"


def _national(rng: random.Random, _: str) -> str:
    british = f"{rng.choice(('AB', 'CE', 'JM', 'PX'))}{_digits(rng, 6)}{rng.choice('ABCD')}"
    return rng.choice((british, f"{british[:2]} {british[2:4]} {british[4:6]} {british[6:8]} {british[8]}"))


def _address(rng: random.Random, _: str) -> str:
    four = f"{rng.choice((24, 68, 81, 99, 142, 176))}.{rng.randint(1, 254)}.{rng.randint(1, 254)}.{rng.randint(1, 254)}"
    six = ":".join(("2a02", *(f"{rng.randint(4096, 65535):x}" for _ in range(7))))
    return rng.choice((four, four, six))


def _hardware(rng: random.Random, _: str) -> str:
    pairs = [f"{rng.randint(0, 255):02x}" for _ in range(5)]
    return rng.choice((":", "-")).join(("3c", *pairs)).upper() if rng.random() < 0.5 else ":".join(("a4", *pairs))


def _link(rng: random.Random, language: str) -> str:
    given, family = plain(_part("given", language, rng)), plain(_part("family", language, rng))
    site = rng.choice(("https://www.linkedin.com/in/", "https://github.com/", "https://www.facebook.com/"))
    return f"{site}{given}-{family}{rng.randint(10, 99)}"


def _user(rng: random.Random, language: str) -> str:
    given, family = plain(_part("given", language, rng)), plain(_part("family", language, rng))
    return rng.choice(
        (f"{given[0]}{family}{rng.randint(10, 99)}", f"{given}_{family}", f"{given}{rng.randint(100, 999)}")
    )


def _secret(rng: random.Random, _: str) -> str:
    return rng.choice(
        (
            f"ghp_{_token(rng, 36)}",
            f"sk-proj-{_token(rng, 40)}",
            f"AKIA{_letters(rng, 14)}7Q",
            f"xoxb-{_digits(rng, 11)}-{_token(rng, 24)}",
        )
    )


def _vehicle(rng: random.Random, _: str) -> str:
    made = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(8))
    return f"1HG{rng.choice('CEFGR')}M{made[:4]}{rng.randint(1, 9)}A{_digits(rng, 6)}"


def _device(rng: random.Random, _: str) -> str:
    body = f"35{_digits(rng, 12)}"
    return body + luhn.calc_check_digit(body)


def _place(rng: random.Random, _: str) -> str:
    return f"{rng.uniform(36, 58):.5f}, {rng.uniform(-120, 30):.5f}"


MAKERS: dict[str, Callable[[random.Random, str], str]] = {
    "PERSON": _person, "EMAIL_ADDRESS": _email, "PHONE_NUMBER": _phone, "STREET_ADDRESS": _street, "ZIP_CODE": _zip,
    "DATE_OF_BIRTH": _born, "CREDIT_CARD": _card, "IBAN_CODE": _iban,
    "BANK_ACCOUNT": lambda rng, _: _digits(rng, rng.choice((8, 10, 12))), "US_SSN": _ssn,
    "PASSPORT": lambda rng, _: f"{_letters(rng, 1)}{rng.randint(10_000_000, 99_999_999)}",
    "DRIVER_LICENSE": lambda rng, _: f"{_letters(rng, 1)}{rng.randint(1_000_000, 9_999_999)}",
    "NATIONAL_ID": _national, "MEDICAL_RECORD": lambda rng, _: str(rng.randint(1_000_000, 99_999_999)),
    "IP_ADDRESS": _address, "MAC_ADDRESS": _hardware, "URL": _link, "USERNAME": _user, "SECRET": _secret,
    "VEHICLE_ID": _vehicle, "DEVICE_ID": _device, "COORDINATES": _place,
}  # fmt: skip
KINDS = tuple(MAKERS)
