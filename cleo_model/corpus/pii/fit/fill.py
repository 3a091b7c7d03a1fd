"""Fills the slots of a form: draws a value for each and keeps what its characters are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from cleo_model.corpus.pii.fit.credentials import Secrets
from cleo_model.corpus.pii.fit.dates import Dates
from cleo_model.corpus.pii.fit.forms import Form, slots
from cleo_model.corpus.pii.fit.numbers import SHAPED, Numbers
from cleo_model.corpus.pii.fit.organisations import Organisations
from cleo_model.corpus.pii.fit.people import People
from cleo_model.corpus.pii.fit.places import Places
from cleo_model.corpus.pii.fit.pools import HOME, fakers, words
from cleo_model.corpus.pii.fit.sample import Sample
from cleo_model.corpus.pii.fit.web import Web


def makers(rng: Random, language: str) -> dict[str, Callable[[], str | Sample]]:
    """What draws the value of each slot in one text."""
    people, places = People(rng, language), Places(rng, language)
    numbers = Numbers(rng, language)
    lists = words("words")
    drawn: dict[str, Callable[[], str | Sample]] = {
        "person": people.full,
        "initials_name": people.initials,
        "street_full": places.full,
        "org": Organisations(rng, language, people, places).org,
        "honorific": lambda: str(rng.choice(lists["honorifics"][language])),
        "job": lambda: _job(rng, language),
        "nationality": lambda: _nationality(rng, language),
        "religion": lambda: str(rng.choice(lists["religions"])),
        "political": lambda: str(rng.choice(lists["politics"])),
        **{slot: partial(numbers.shaped, slot) for slot in SHAPED},
    }
    drawers = (people, places, Dates(rng, language), numbers, Secrets(rng, people), Web(rng, people))
    for slot in slots():
        if slot not in drawn:
            drawn[slot] = getattr(next(drawer for drawer in drawers if hasattr(drawer, slot)), slot)
    return drawn


def _job(rng: Random, language: str) -> str:
    if rng.random() < 0.6:
        return str(rng.choice(words("words")["jobs"][language]))
    # Faker has the jobs of a locale that is made first in HOME; for Dutch it says them in English.
    faker = fakers(HOME[language][0])
    faker.seed_instance(rng.getrandbits(32))
    job = str(faker.job())
    return job.lower() if rng.random() < 0.4 else job


def _nationality(rng: Random, language: str) -> str:
    everywhere = words("words")["nationalities"]
    own = words("words").get(f"nationalities_{language}", everywhere)
    chosen = str(rng.choice(own if rng.random() < 0.8 else everywhere))
    return chosen.lower() if rng.random() < 0.1 else chosen


def fill(form: Form, rng: Random) -> Sample:
    """The text of a form with its slots filled."""
    draw, labels, sample = makers(rng, form.language), slots(), Sample()
    for text, slot in form.parts():
        if slot is None:
            sample.add(text)
            continue
        value = draw[slot]()
        if isinstance(value, Sample):
            sample.extend(value)
        else:
            sample.add(value, labels[slot])
    return sample
