"""Texts with labelled personal data of our own: forms of `data/pii_forms.yaml`, filled by Faker under a seed."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from faker import Faker
from stdnum import iban, luhn, verhoeff
from stdnum.es import dni, nie
from stdnum.gb import nhs

FORMS = Path(__file__).parent / "data" / "pii_forms.yaml"
SLOT = re.compile(r"\{([A-Z_]+)(?::([a-z_]+)|=([^}]+))?\}")
LOCALES: dict[str, tuple[str, ...]] = {
    "en": ("en_US", "en_GB", "en_IN", "en_AU", "en_CA", "en_IE", "en_NZ", "tr_TR", "pl_PL", "fi_FI", "sv_SE", "vi_VN", "id_ID", "hr_HR", "yo_NG", "en_PK"),
    "de": ("de_DE", "de_AT"), "fr": ("fr_FR", "fr_BE"), "es": ("es_ES", "es_MX"), "it": ("it_IT",),
    "nl": ("nl_NL", "nl_BE"), "pt": ("pt_PT", "pt_BR"),
}  # fmt: skip
"""Whose names, towns and numbers a text of a language has; English text has names of the world."""
HOMES = {"en": ("en_US", "en_GB", "en_AU", "en_CA", "en_IN")}
"""Locales of addresses and numbers, where they differ."""
NATIONS = (
    "Bolivian",
    "Estonian",
    "Ghanaian",
    "Korean",
    "Lebanese",
    "Maltese",
    "Peruvian",
    "Scottish",
    "Tunisian",
    "Welsh",
    "Catholic",
    "Sikh",
)
JOBS = (
    "locksmith",
    "ward clerk",
    "pastry chef",
    "tram driver",
    "senior underwriter",
    "Head of Procurement",
    "Data Steward",
    "court usher",
    "marine biologist",
    "payroll officer",
)
ORGANISATIONS = (
    "{} & Sons",
    "{} Logistics",
    "{} Credit Union",
    "St. {} Hospital",
    "University of {}",
    "{} Renewables",
    "{}works",
    "{} plc",
)


@dataclass(slots=True)
class Labelled:
    """A text and where personal data stands in it, as presidio-research writes it."""

    text: str
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    language: str = "en"


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def _layout(rng: random.Random, pattern: str) -> str:
    kinds = {
        "#": string.digits,
        "?": string.ascii_uppercase,
        "*": string.ascii_letters + string.digits,
        "^": "abcdef" + string.digits,
    }
    return "".join(rng.choice(kinds[char]) if char in kinds else char for char in pattern)


def _luhn(rng: random.Random, start: str, length: int) -> str:
    digits = start + _digits(rng, length - len(start) - 1)
    return digits + str(luhn.calc_check_digit(digits))


class Filler:
    """Draws the values of one text: a person who is named again stays another person."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng, self.language = rng, language
        self.name = _faker(rng.choice(LOCALES[language]))
        self.home = _faker(rng.choice(HOMES.get(language, LOCALES[language])))
        for fake in (self.name, self.home):
            fake.seed_instance(rng.randrange(2**32))

    def __call__(self, entity: str, variant: str) -> tuple[str, str]:
        """A value, and what stands before it unlabelled."""
        made: tuple[str, str] = getattr(self, f"_{entity.lower()}")(variant)
        return made

    def _full(self) -> str:
        return f"{self.name.first_name()} {self.name.last_name()}"

    def _person(self, variant: str) -> tuple[str, str]:
        given, family = str(self.name.first_name()), str(self.name.last_name())
        title = self.rng.choice(("Mr.", "Ms", "Mrs", "Dr", "Professor"))
        return {
            "": (f"{given} {family}", ""), "given": (given, ""), "family": (family, ""),
            "title_family": (family, f"{title} "), "title_full": (f"{given} {family}", f"{title} "),
            "lower": (f"{given} {family}".lower(), ""), "given_lower": (given.lower(), ""),
            "upper": (f"{given} {family}".upper(), ""),
        }[variant]  # fmt: skip

    def _phone_number(self, variant: str) -> tuple[str, str]:
        if variant == "short":
            return _digits(self.rng, 4), ""
        if variant == "in":
            return f"{self.rng.choice('6789')}{_digits(self.rng, 4)} {_digits(self.rng, 5)}", ""
        return str(self.home.phone_number()), ""

    def _email_address(self, variant: str) -> tuple[str, str]:
        user = self.rng.choice(("{0}.{1}", "{0}{2}", "{1}_{0}", "{0[0]}{1}")).format(
            self.home.first_name().lower(), self.home.last_name().lower(), self.rng.randint(1, 99)
        )
        user = re.sub(r"[^\w.]", "", user)
        host = f"{self.home.last_name().lower()}-{self.rng.choice(('it', 'media', 'haus'))}.{self.rng.choice(('de', 'co.uk', 'io', 'net', 'org', 'fr'))}"
        host = re.sub(r"[^\w.-]", "", host)
        if variant == "obfuscated":
            return self.rng.choice(
                (
                    f"{user} [at] {host}",
                    f"{user} (at) {host.replace('.', ' (dot) ')}",
                    f"{user} at {host.replace('.', ' dot ')}",
                )
            ), ""
        return f"{user}@{host}", ""

    def _street_address(self, variant: str) -> tuple[str, str]:
        street = str(self.home.street_address()).replace("\n", ", ")
        if variant == "street":
            return str(self.home.street_name()), ""
        if variant == "street_upper":
            return street.upper(), ""
        if variant == "pobox":
            return f"PO Box {self.rng.randint(10, 9999)}, {self.home.city()}", ""
        if variant == "full":
            return str(self.home.address()).replace("\n", ", "), ""
        return street, ""

    def _zip_code(self, variant: str) -> tuple[str, str]:
        locale = {"uk": "en_GB", "ca": "en_CA"}.get(variant, "en_US")
        fake = _faker(locale)
        fake.seed_instance(self.rng.randrange(2**32))
        return str(fake.postcode()), ""

    def _location(self, variant: str) -> tuple[str, str]:
        return str(self.home.city() if variant == "city" else self.home.country()), ""

    def _organization(self, _: str) -> tuple[str, str]:
        return self.rng.choice(
            (self.home.company, lambda: self.rng.choice(ORGANISATIONS).format(self.home.last_name()))
        )(), ""

    def _title(self, _: str) -> tuple[str, str]:
        return self.rng.choice(JOBS), ""

    def _nrp(self, _: str) -> tuple[str, str]:
        return self.rng.choice(NATIONS), ""

    def _age(self, _: str) -> tuple[str, str]:
        return str(self.rng.randint(18, 97)), ""

    def _date_time(self, variant: str) -> tuple[str, str]:
        date = self.home.date_between("-30y", "today")
        if variant == "year":
            return str(date.year), ""
        if variant == "month":
            return date.strftime("%B %Y"), ""
        if self.language != "en":
            return date.strftime(self.rng.choice(("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y"))), ""
        return date.strftime(self.rng.choice(("%d %B %Y", "%B %d, %Y", "%Y-%m-%d", "%m/%d/%Y", "%d %b %Y"))), ""

    def _date_of_birth(self, variant: str) -> tuple[str, str]:
        date = self.home.date_of_birth()
        if variant == "day":
            return date.strftime("%d %B"), ""
        return date.strftime(
            "%d.%m.%Y" if self.language != "en" else self.rng.choice(("%d/%m/%Y", "%B %d, %Y", "%Y-%m-%d"))
        ), ""

    def _credit_card(self, variant: str) -> tuple[str, str]:
        plain = _luhn(self.rng, self.rng.choice(("4", "52", "55", "6011", "37")), 16)
        if plain.startswith("37"):
            plain = _luhn(self.rng, "37", 15)
        sign = {"dashed": "-", "plain": ""}.get(variant, self.rng.choice(("", " ")))
        return sign.join(plain[at : at + 4] for at in range(0, len(plain), 4)) if len(plain) == 16 else plain, ""

    def _iban_code(self, _: str) -> tuple[str, str]:
        country, body = {
            "de": ("DE", _digits(self.rng, 18)), "fr": ("BE", ""), "nl": ("NL", f"INGB{_digits(self.rng, 10)}"), "en": ("GB", f"BARC{_digits(self.rng, 14)}"),
        }.get(self.language, ("AT", _digits(self.rng, 16)))  # fmt: skip
        if not body:
            number = _digits(self.rng, 10)
            body = f"{number}{int(number) % 97 or 97:02d}"
        plain = f"{country}{iban.calc_check_digits(f'{country}00{body}')}{body}"
        return plain if self.rng.random() < 0.5 else " ".join(plain[at : at + 4] for at in range(0, len(plain), 4)), ""

    def _bank_account(self, variant: str) -> tuple[str, str]:
        return {
            "routing": "0" + _digits(self.rng, 8),
            "sort": _layout(self.rng, "##-##-##"),
            "uk": _digits(self.rng, 8),
        }.get(variant, _digits(self.rng, 10)), ""

    def _ip_address(self, _: str) -> tuple[str, str]:
        return str(self.home.ipv4_public() if self.rng.random() < 0.7 else self.home.ipv6()), ""

    def _mac_address(self, _: str) -> tuple[str, str]:
        return str(self.home.mac_address()), ""

    def _url(self, variant: str) -> tuple[str, str]:
        user = re.sub(r"\W", "", f"{self.home.first_name()}{self.home.last_name()}".lower())
        return {"profile": f"https://www.linkedin.com/in/{user}", "github": f"github.com/{user}"}.get(
            variant, f"www.{user}.{self.rng.choice(('me', 'com', 'art'))}"
        ), ""

    def _username(self, variant: str) -> tuple[str, str]:
        user = re.sub(
            r"\W", "", f"{self.home.first_name()}{self.rng.choice(('_', '.', ''))}{self.rng.randint(1, 999)}".lower()
        )
        return f"@{user}" if variant == "at" else user, ""

    def _secret(self, variant: str) -> tuple[str, str]:
        rng = self.rng
        key = rng.choice(
            (
                "ghp_" + "*" * 36,
                "AKIA" + "?" * 12 + "####",
                "xoxb-##########-##########-" + "*" * 24,
                "sk_live_" + "*" * 24,
                "glpat-" + "*" * 20,
                "hf_" + "*" * 34,
            )
        )
        layouts = {
            "password": rng.choice(("Trailhead##!", "x*K#?e**#z", "Blue-###-Finch", "M0nday_****")),
            "pin": "####",
            "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOjQyfQ." + "*" * 43,
            "dsn": "",
        }
        if variant == "dsn":
            return f"ledger:{_layout(rng, 'p*#**#!*')}", "postgres://"
        return _layout(rng, layouts.get(variant, key)), ""

    def _coordinates(self, _: str) -> tuple[str, str]:
        return f"{self.rng.uniform(-80, 80):.5f}, {self.rng.uniform(-170, 170):.5f}", ""

    def _device_id(self, variant: str) -> tuple[str, str]:
        return (_luhn(self.rng, "35", 15) if variant == "imei" else _layout(self.rng, "??#?####??##")), ""

    def _vehicle_id(self, variant: str) -> tuple[str, str]:
        if variant == "vin":
            return "".join(self.rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(17)), ""
        return _layout(
            self.rng,
            {
                "de": "?-?? ###",
                "fr": "??-###-??",
                "es": "#### ???",
                "it": "??###??",
                "nl": "??-###-?",
                "pt": "##-??-##",
            }.get(self.language, "??## ???"),
        ), ""

    def _passport(self, _: str) -> tuple[str, str]:
        return _layout(self.rng, self.rng.choice(("#########", "?########", "??#######"))), ""

    def _driver_license(self, _: str) -> tuple[str, str]:
        return _layout(self.rng, self.rng.choice(("?#######", "?####-#####-#####", "?##?????###"))), ""

    def _medical_record(self, _: str) -> tuple[str, str]:
        return _layout(self.rng, self.rng.choice(("########", "??-#####", "###-##-##"))), ""

    def _us_ssn(self, _: str) -> tuple[str, str]:
        return f"{self.rng.randint(101, 665)}-{self.rng.randint(11, 99)}-{self.rng.randint(1001, 9999)}", ""

    def _national_id(self, variant: str) -> tuple[str, str]:
        return _layout(self.rng, "#########" if variant == "pt" else "??######"), ""

    def _in_aadhaar(self, _: str) -> tuple[str, str]:
        digits = self.rng.choice("23456789") + _digits(self.rng, 10)
        digits += verhoeff.calc_check_digit(digits)
        return f"{digits[:4]} {digits[4:8]} {digits[8:]}", ""

    def _in_pan(self, _: str) -> tuple[str, str]:
        return _layout(self.rng, "???P?####?"), ""

    def _uk_nino(self, _: str) -> tuple[str, str]:
        return _layout(self.rng, "AB ## ## ## ") + self.rng.choice("ABCD"), ""

    def _uk_nhs(self, _: str) -> tuple[str, str]:
        return _nhs(self.rng), ""

    def _ca_sin(self, _: str) -> tuple[str, str]:
        plain = _luhn(self.rng, "5", 9)
        return f"{plain[:3]} {plain[3:6]} {plain[6:]}", ""

    def _au_tfn(self, _: str) -> tuple[str, str]:
        return _layout(self.rng, "### ### ###"), ""

    def _of_locale(self, locale: str, draw: Callable[[Faker], Any]) -> tuple[str, str]:
        fake = _faker(locale)
        fake.seed_instance(self.rng.randrange(2**32))
        return str(draw(fake)), ""

    def _de_tax_id(self, _: str) -> tuple[str, str]:
        return _layout(self.rng, "###########"), ""

    def _de_id_card(self, _: str) -> tuple[str, str]:
        return _layout(self.rng, "L##X#####"), ""

    def _fr_nir(self, _: str) -> tuple[str, str]:
        return self._of_locale("fr_FR", lambda fake: fake.ssn())

    def _es_nif(self, _: str) -> tuple[str, str]:
        number = _digits(self.rng, 8)
        return f"{number}{dni.calc_check_digit(number)}", ""

    def _es_nie(self, _: str) -> tuple[str, str]:
        number = f"X{_digits(self.rng, 7)}"
        return f"{number}{nie.calc_check_digit(number)}", ""

    def _it_fiscal_code(self, _: str) -> tuple[str, str]:
        return self._of_locale("it_IT", lambda fake: fake.ssn())

    def _nl_bsn(self, _: str) -> tuple[str, str]:
        return self._of_locale("nl_NL", lambda fake: fake.ssn())


def _nhs(rng: random.Random) -> str:
    while True:
        plain = _digits(rng, 10)
        if nhs.is_valid(plain):
            return f"{plain[:3]} {plain[3:6]} {plain[6:]}"


def fill(form: str, language: str, rng: random.Random) -> Labelled:
    """The form with values in its slots."""
    made, filler = Labelled("", language=language), Filler(rng, language)
    at = 0
    for slot in SLOT.finditer(form):
        value, before = (slot[3], "") if slot[3] else filler(slot[1], slot[2] or "")
        value = value.strip()
        made.text += form[at : slot.start()]
        if slot[2] in ("title_family", "title_full"):
            made.spans.append((len(made.text), len(made.text) + len(before.strip()), "TITLE"))
        made.text += before
        made.spans.append((len(made.text), len(made.text) + len(value), slot[1]))
        made.text += value
        at = slot.end()
    made.text += form[at:]
    return made


def texts(times: int, seed: int = 41_000) -> list[Labelled]:
    """Every form, filled this many times."""
    forms = yaml.safe_load(FORMS.read_text(encoding="utf-8"))
    return [
        fill(form, language, random.Random(f"{seed} {language} {number} {again}"))
        for language, listed in forms.items()
        for number, form in enumerate(listed)
        for again in range(times)
    ]
