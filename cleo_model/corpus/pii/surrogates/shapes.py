"""Surrogates of numbers and codes: of the same shape, and valid nowhere."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from functools import cache
from importlib import import_module

from stdnum import luhn

# Modules of python-stdnum that know a type's check digits; a surrogate fails all of them.
CHECKS = {
    "US_ITIN": ("us.itin",), "UK_NHS": ("gb.nhs",), "DE_TAX_ID": ("de.idnr",), "FR_NIR": ("fr.nir",),
    "ES_NIF": ("es.nif", "es.dni"), "ES_NIE": ("es.nie",), "IT_FISCAL_CODE": ("it.codicefiscale",),
    "IT_VAT_CODE": ("it.iva",), "NL_BSN": ("nl.bsn",), "IN_AADHAAR": ("in_.aadhaar",), "IN_PAN": ("in_.pan",),
    "AU_TFN": ("au.tfn",), "CA_SIN": ("ca.sin",), "DEVICE_ID": ("imei",),
    "NATIONAL_ID": ("us.ssn", "de.idnr", "fr.nir", "es.dni", "nl.bsn", "ca.sin", "au.tfn", "in_.aadhaar"),
}  # fmt: skip


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(max(count, 0)))


def fill(shape: str, made: str) -> str:
    """Digits in the layout of the value they replace."""
    source = iter(made)
    return "".join(next(source, "0") if char.isdigit() else char for char in shape)


def scrambled(rng: random.Random, shape: str) -> str:
    """Other digits for digits and other letters for letters."""
    return "".join(
        rng.choice(string.digits)
        if char.isdigit()
        else rng.choice(string.ascii_uppercase if char.isupper() else string.ascii_lowercase)
        if char.isalpha()
        else char
        for char in shape
    )


def code(kind: str) -> Callable[[random.Random, str], str]:
    """Codes of a type: they begin with 0 or X, and fail the type's check digits where it has some."""

    def make(rng: random.Random, shape: str) -> str:
        for _ in range(50):
            made = _opened(scrambled(rng, shape))
            if not any(_is_valid(name, made) for name in CHECKS.get(kind, ())):
                break
        return made

    return make


def _opened(made: str) -> str:
    place = next((n for n, char in enumerate(made) if char.isalnum()), None)
    if place is None:
        return made
    first = "0" if made[place].isdigit() else "X" if made[place].isupper() else "x"
    return f"{made[:place]}{first}{made[place + 1 :]}"


@cache
def _check(name: str) -> Callable[[str], bool] | None:
    try:
        found: Callable[[str], bool] = import_module(f"stdnum.{name}").is_valid
    except ImportError:  # this version of the library does not know the type
        return None
    return found


def _is_valid(name: str, value: str) -> bool:
    check = _check(name)
    return check is not None and check(value)


def card(rng: random.Random, shape: str) -> str:
    """9999 belongs to no issuer; the check digit is right, so that a form in the text stays a form."""
    body = "9999" + digits(rng, sum(c.isdigit() for c in shape) - 5)
    return fill(shape, body + luhn.calc_check_digit(body))


def ssn(rng: random.Random, shape: str) -> str:
    """666 is never given out."""
    return fill(shape, f"666{digits(rng, 6)}")


def iban(rng: random.Random, shape: str) -> str:
    """XX is no country."""
    plain = f"XX{digits(rng, sum(c.isalnum() for c in shape) - 2)}"
    return " ".join(plain[i : i + 4] for i in range(0, len(plain), 4)) if " " in shape else plain


def network(rng: random.Random, shape: str) -> str:
    """From the ranges that are kept for documentation (RFC 5737, RFC 3849)."""
    if ":" in shape:
        return f"2001:db8:{rng.randint(1, 65535):x}::{rng.randint(1, 65535):x}"
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randint(1, 254)}"


def hardware(rng: random.Random, shape: str) -> str:
    """A locally administered MAC address: no maker has it."""
    made = iter("02" + "".join(rng.choice("0123456789abcdef") for _ in range(14)))
    filled = "".join(next(made, "0") if char in string.hexdigits else char for char in shape)
    return filled.upper() if any(char.isupper() for char in shape) else filled


def phone(rng: random.Random, shape: str) -> str:
    """A number with 555-01xx in it, which is kept for fiction; the country code and the layout stay."""
    count = sum(char.isdigit() for char in shape)
    prefix = re.match(r"\+\d{1,3}(?=\D)", shape)
    kept = prefix.group()[1:] if prefix else ("1" if count == 11 and shape.startswith(("1", "+1")) else "")
    left = count - len(kept)
    tail = f"55501{digits(rng, 2)}"
    if left > 8:
        body = str(rng.randint(2, 9)) + digits(rng, left - 8) + tail
    else:
        body = tail[-left:] if left <= 7 else f"2{tail}"
    return fill(shape, kept + body)


def postcode(rng: random.Random, shape: str) -> str:
    """A postal code that no country gives out: 002xx to 004xx, or with 0 and Z in front."""
    count = sum(char.isdigit() for char in shape)
    made = f"00{rng.randint(200, 499)}{digits(rng, count - 5)}" if count >= 5 else f"00{digits(rng, count - 2)}"
    upper = re.sub(r"[^\W\d_]", "Z", shape)
    return fill(upper, made[:count] if count else "")


def vehicle(rng: random.Random, shape: str) -> str:
    """A chassis number (VIN) has a digit or X in its ninth place, never a Q."""
    made = code("VEHICLE_ID")(rng, shape)
    return f"{made[:8]}{'Q' if made.isupper() else 'q'}{made[9:]}" if re.fullmatch(r"[^\W_]{17}", made) else made


def device(rng: random.Random, shape: str) -> str:
    """A serial number, IMEI or UUID that was never given out."""
    if re.fullmatch(r"[0-9a-fA-F-]{32,36}", shape):
        made = "".join(rng.choice("0123456789abcdef") if char.isalnum() else char for char in shape)
        return made.upper() if any(char.isupper() for char in shape) else made
    return code("DEVICE_ID")(rng, shape)


def coordinates(rng: random.Random, shape: str) -> str:
    """A place in the South Pacific that is farther from land than any other, in the layout of the value."""
    turned = shape.translate(str.maketrans("NE", "SW"))
    signed = not re.search("[NSEW]", shape)
    marked = "°" in shape or "º" in shape
    whole = iter(("48", "123"))

    def put(found: re.Match[str]) -> str:
        number, _, fraction = found.group().lstrip("+-").partition(".")
        tail = f".{digits(rng, len(fraction))}" if fraction else ""
        is_degrees = turned[found.end() : found.end() + 1] in ("°", "º") if marked else True
        if is_degrees and (degrees := next(whole, None)):
            return f"{'-' * signed}{degrees}{tail}"
        return f"{rng.randint(0, 59):0{len(number)}d}{tail}"

    return re.sub(r"[+-]?\d+(?:\.\d+)?", put, turned)


def secret(rng: random.Random, shape: str) -> str:
    """So plain that nobody takes it for one."""
    return f"secret-{rng.randint(10**9, 10**10 - 1)}"
