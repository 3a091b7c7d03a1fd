"""Draws what is written in digits and signs: telephone numbers, documents, accounts, devices, and what is none."""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random
from typing import Any

from stdnum import luhn

from cleo_model.corpus.pii.fit.pools import HOME, fakers, words

SHAPED = (
    "ssn", "passport", "licence", "medical_record", "insurance_id", "vehicle_plate", "device_serial", "bank_account",
    "routing", "cvv", "order_id", "swift", "national_id",
)  # fmt: skip
"""Slots that are drawn by the shapes in `values/shapes.yaml` alone."""
HEX = string.digits + "abcdef"
CARDS = {
    16: ("4", "4", "51", "55", "6011", "35", "2221"), 15: ("34", "37", "2131", "1800"), 14: ("36", "30"), 13: ("4",),
    19: ("4", "62"),
}  # fmt: skip
"""How the numbers of each length begin."""


def filled(rng: Random, shape: str) -> str:
    """A shape with digits for # and capitals for A."""
    signs = {"#": string.digits, "A": string.ascii_uppercase}
    return "".join(rng.choice(signs.get(char, char)) for char in shape)


def run(rng: Random, signs: str, length: int) -> str:
    """That many of these signs."""
    return "".join(rng.choice(signs) for _ in range(length))


def in_fours(digits: str, sign: str) -> str:
    """Digits in groups as they are printed."""
    return sign.join(digits[start : start + 4] for start in range(0, len(digits), 4))


class Numbers:
    """The numbers of one text."""

    def __init__(self, rng: Random, language: str) -> None:
        self.rng, self.language = rng, language

    def _faker(self) -> Any:
        home = self.language if self.rng.random() < 0.6 else self.rng.choice(tuple(HOME))
        faker = fakers(self.rng.choice(HOME[home]))
        faker.seed_instance(self.rng.getrandbits(32))
        return faker

    def shaped(self, slot: str) -> str:
        return filled(self.rng, self.rng.choice(words("shapes")[slot]))

    def phone(self) -> str:
        return str(self._faker().phone_number()) if self.rng.random() < 0.4 else self.shaped("phone")

    def phone_ext(self) -> str:
        before = self.rng.choice([" ext. ", " x", "x", " ext ", ", ext. ", " Durchwahl "])
        return f"{self.phone().split('x')[0].strip()}{before}{self.rng.randrange(10, 9999)}"

    def card(self) -> str:
        rng = self.rng
        length = rng.choice([16, 16, 16, 16, 15, 14, 13, 19])
        body = rng.choice(CARDS[length])
        body += run(rng, string.digits, length - 1 - len(body))
        # A number with a slip is still somebody's card.
        digits = body + (luhn.calc_check_digit(body) if rng.random() < 0.8 else rng.choice(string.digits))
        sign = rng.choice(["", "", " ", "-"])
        return f"{digits[:4]}{sign}{digits[4:10]}{sign}{digits[10:]}" if length == 15 else in_fours(digits, sign)

    def card_last4(self) -> str:
        last = run(self.rng, string.digits, 4)
        return self.rng.choice([last, last, f"**** {last}", f"xxxx-xxxx-xxxx-{last}", f"•••• {last}"])

    def iban(self) -> str:
        plain = str(self._faker().iban()) if self.rng.random() < 0.6 else self.shaped("iban")
        return in_fours(plain, " ") if self.rng.random() < 0.4 else plain

    def ip(self) -> str:
        if self.rng.random() < 0.8:
            return ".".join(str(self.rng.randrange(1, 255)) for _ in range(4))
        whole = ":".join(f"{self.rng.getrandbits(16):x}" for _ in range(8))
        return whole if self.rng.random() < 0.6 else f"{whole[:9]}::{self.rng.getrandbits(16):x}"

    def mac(self) -> str:
        return self.rng.choice(":--").join(run(self.rng, HEX, 2) for _ in range(6))

    def coordinates(self) -> str:
        north, east = self.rng.uniform(-80, 80), self.rng.uniform(-179, 179)
        if self.rng.random() < 0.25:
            minutes = [self.rng.randrange(60) for _ in range(4)]
            north_of = f"{int(abs(north))}°{minutes[0]}'{minutes[1]}\"N"
            return f"{north_of} {int(abs(east))}°{minutes[2]}'{minutes[3]}\"E"
        exact = [f"{north:.4f}, {east:.4f}", f"{north:.6f},{east:.6f}", f"{abs(north):.4f}° N, {abs(east):.4f}° W"]
        return self.rng.choice(exact)

    def vin(self) -> str:
        return run(self.rng, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 17)

    def imei(self) -> str:
        return filled(self.rng, self.rng.choice(["###############", "##-######-######-#"]))

    def amount(self) -> str:
        low, high = self.rng.choice([(1, 100), (100, 9999), (1e4, 1e7)])
        value = self.rng.uniform(low, high)
        forms = [
            f"${value:,.2f}", f"${value:,.0f}", f"€{value:.2f}", f"£{value:,.2f}", f"{value:.2f} EUR", f"₹{value:,.0f}",
            f"{value:,.0f} USD", f"{value:.0f} €", f"{value:.1f}%", f"R$ {value:.2f}", f"{value:.0f}",
        ]  # fmt: skip
        return self.rng.choice(forms)

    def number(self) -> str:
        rng = self.rng
        forms: list[Callable[[], str]] = [
            lambda: str(rng.randrange(2, 20)),
            lambda: str(rng.randrange(20, 1000)),
            lambda: str(rng.randrange(1000, 100_000)),
            lambda: f"{rng.uniform(0, 100):.2f}",
            lambda: f"{rng.uniform(0, 10):.1f}",
            lambda: f"{rng.randrange(1000, 999_999):,}",
        ]
        return rng.choice(forms)()

    def version(self) -> str:
        parts = [self.rng.randrange(30) for _ in range(3)]
        dotted = ".".join(map(str, parts))
        forms = [f"v{parts[0]}.{parts[1]}", dotted, f"{dotted}rc1", f"{parts[0]}.04 LTS", f"v{dotted}-beta.{parts[1]}"]
        return self.rng.choice(forms)

    def hash(self) -> str:
        return run(self.rng, HEX, self.rng.choice([7, 8, 32, 40, 64]))

    def uuid(self) -> str:
        return "-".join(run(self.rng, HEX, size) for size in (8, 4, 4, 4, 12))
