"""Surrogates of addresses, places, organisations, titles and peoples."""

from __future__ import annotations

import random
import re
from functools import cache

from faker.providers.address.en_US import Provider as Addresses
from faker.providers.job.en_US import Provider as Jobs

from cleo_model.corpus.pii.surrogates.lists import names, words
from cleo_model.corpus.pii.surrogates.shapes import postcode

FORMS = re.compile(
    r"\b(?:Inc|Ltd|LLC|LLP|PLC|plc|GmbH|AG|S\.?A|SARL|S\.?L|S\.?p\.?A|B\.?V|N\.?V|Lda|Corp|Co|KG)\b\.?\Z"
)
FAITHS = words("faiths")
HONORIFICS = frozenset(words("honorifics"))


def street(rng: random.Random) -> str:
    return f"{_family(rng)} {rng.choice(words('streets'))}"


def city(rng: random.Random, shape: str = "") -> str:
    """An invented town; another country for a country."""
    lands = _countries()
    if shape.lower() in lands:
        return _cased(rng.choice(sorted(lands.values())), shape)
    made = f"{_family(rng)}{rng.choice(Addresses.city_suffixes)}"
    return _cased(made, shape)


def address(rng: random.Random, shape: str) -> str:
    """A street, with number, town and postal code where the value has them."""
    joint = "\n" if "\n" in shape.strip() else ", "
    parts = [f"{rng.randint(2, 9899)} {street(rng)}" if re.search(r"\d", shape) else street(rng)]
    if re.search(r"[,\n]", shape.strip()):
        code = re.search(r"\b(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})\b(?!.*\d)", shape, re.DOTALL)
        state = rng.choice(Addresses.states_abbr)
        parts += [city(rng), f"{state} {postcode(rng, code.group() if code else '00000')}"]
    return _cased(joint.join(parts), shape)


def organisation(rng: random.Random, shape: str) -> str:
    """An invented firm, with the legal form of the value where it has one."""
    form = FORMS.search(shape)
    return _cased(f"{_family(rng)} {form.group() if form else rng.choice(words('firms'))}", shape)


def people(rng: random.Random, shape: str) -> str:
    """Another nationality for a nationality, another religion for a religion."""
    bare = shape.strip()
    faith = bare.rstrip("s").capitalize() in FAITHS
    made = rng.choice([each for each in (FAITHS if faith else words("peoples")) if each.lower() != bare.lower()])
    return made.lower() if bare.islower() else made


def title(rng: random.Random, shape: str) -> str:
    """A form of address that says nothing; another trade for a trade."""
    if shape.strip(". ").lower() in HONORIFICS:
        return "Mx." if shape.endswith(".") else "Mx"
    return _cased(re.sub(r"[,(].*", "", rng.choice(tuple(map(str, Jobs.jobs)))).strip().capitalize(), shape)


def _family(rng: random.Random) -> str:
    return rng.choice(rng.choice([listed for listed in names("last_names").values() if len(listed) > 20]))


def _cased(made: str, shape: str) -> str:
    if shape.islower():
        return made.lower()
    return made.upper() if shape.isupper() and len(shape) > 3 else made


@cache
def _countries() -> dict[str, str]:
    return {str(name).lower(): str(name) for name in Addresses.countries}
