"""Surrogates of dates and ages: moved by some days, in the same form."""

from __future__ import annotations

import calendar
import datetime
import random
import re

from cleo_model.corpus.pii.surrogates.lists import words

MONTHS = tuple(calendar.month_name)[1:]
SHORT = tuple(calendar.month_abbr)[1:]
DAYS = tuple(calendar.day_name)
NUMBERS = words("numbers")
MONTH = rf"(?P<month>{'|'.join(MONTHS)}|{'|'.join(SHORT)}|Sept)\.?"
FORMS = (
    re.compile(r"(?P<y>\d{4})(?P<a>[-/.])(?P<m>\d{1,2})(?P<b>[-/.])(?P<d>\d{1,2})"),
    re.compile(r"(?P<m>\d{1,2})(?P<a>[-/.])(?P<d>\d{1,2})(?P<b>[-/.])(?P<y>\d{4}|\d{2})"),
    re.compile(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?P<a>\s(?:of\s)?){MONTH}(?P<b>,?\s)(?P<y>\d{{4}})", re.I),
    re.compile(rf"{MONTH}(?P<a>\s)(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?P<b>,?\s)(?P<y>\d{{4}})", re.I),
)


def shifted(value: str, days: int) -> str | None:
    """A date with day, month and year, so many days later, in the same form; None where `value` is none.

    Of 3/4/2020 nobody knows which is the month: the first number is taken for it where it can be.
    """
    for form in FORMS:
        found = form.fullmatch(value.strip())
        if found is None:
            continue
        part = found.groupdict()
        swapped = "m" in part and int(part["m"]) > 12
        month = int(part["m"]) if "m" in part else _month(part["month"])
        day, year = int(part["d"]), int(part["y"])
        month, day = (day, month) if swapped else (month, day)
        try:
            moved = datetime.date(year + (1900 if year < 100 else 0), month, day) + datetime.timedelta(days=days)
        except (ValueError, OverflowError):
            return None
        return _written(moved, found, swapped=swapped)
    return None


def _month(name: str) -> int:
    return next(n for n, each in enumerate(SHORT, 1) if name.lower().startswith(each.lower()))


def _written(date: datetime.date, found: re.Match[str], *, swapped: bool) -> str:
    text = found.group()
    year = f"{date.year:04d}"[-len(found["y"]) :]
    if "m" in found.re.groupindex:
        first, second = (date.day, date.month) if swapped else (date.month, date.day)
        made = {"m": f"{first:0{len(found['m'])}d}", "d": f"{second:0{len(found['d'])}d}", "y": year}
        order = sorted(("y", "m", "d"), key=found.start)
        return f"{made[order[0]]}{found['a']}{made[order[1]]}{found['b']}{made[order[2]]}"
    named = (MONTHS if len(found["month"]) > 4 or found["month"].lower() in ("june", "july", "may") else SHORT)[
        date.month - 1
    ]
    named = named.upper() if found["month"].isupper() else named.lower() if found["month"].islower() else named
    if text[0].isdigit():
        return f"{date.day}{found['a']}{named}{found['b']}{year}"
    return f"{named}{found['a']}{date.day}{found['b']}{year}"


def born(rng: random.Random, shape: str) -> str:
    """A date of birth within five years of the value."""
    days = rng.choice((-1, 1)) * rng.randint(30, 5 * 365)
    if made := shifted(shape, days):
        return made
    return loose(rng, shape)


def loose(rng: random.Random, shape: str) -> str:
    """What is no whole date: other numbers, months and days of the week; `recently` where there is none of these."""

    def put(found: re.Match[str]) -> str:
        word = found.group()
        if word.isdigit():
            if len(word) == 4:
                return str(int(word) + rng.choice((-3, -2, -1, 1, 2, 3)))
            high = 28 if len(word) == 2 else 9
            return f"{rng.randint(1, high):0{len(word)}d}" if len(word) < 3 else word
        for listed in (MONTHS, SHORT, DAYS):
            small = [each.lower() for each in listed]
            if word.lower() in small:
                made = rng.choice([each for each in listed if each.lower() != word.lower()])
                return made.upper() if word.isupper() else made.lower() if word.islower() else made
        return word

    made = re.sub(r"\d+|[^\W\d_]+", put, shape)
    return made if made != shape else "recently" if shape[:1].islower() else "Recently"


def age(rng: random.Random, shape: str) -> str:
    """One to five years more or less; never under one."""

    def put(found: re.Match[str]) -> str:
        number = int(found.group())
        return str(rng.choice([each for each in range(max(number - 5, 1), number + 6) if each != number]))

    made = re.sub(r"\d+", put, shape)
    if made != shape:
        return made
    made = re.sub(r"[a-z]+", lambda found: _spelled(rng, found.group()), shape, flags=re.IGNORECASE)
    return made if made != shape else "grown up"


def _spelled(rng: random.Random, word: str) -> str:
    small = word.lower()
    if small not in NUMBERS:
        return word
    place = NUMBERS.index(small)
    low, high = (0, 9) if place < 9 else (9, 18) if place < 18 else (18, len(NUMBERS))
    made = rng.choice([each for each in NUMBERS[low:high] if each != small])
    return made.capitalize() if word[0].isupper() else made
