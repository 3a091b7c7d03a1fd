"""Dates as index terms: when something was said, and the days that ``yesterday`` or ``last Friday`` in it mean.

Ours and not `dateparser` 1.5: on three LoCoMo conversations both give the same recall to the last digit, but it takes
20 ms a memory where this takes 0.15, and reads a date into 19 of 150 turns that have none ("we" as Wednesday, "me",
"now"), while "a couple of days ago", "last weekend" and "last summer" escape it.

A date term is one that no word can be (it holds a colon): ``d:2023-05-07`` a day, ``m:2023-05`` a month, ``y:2023`` a
year, and without the year ``D:05-07`` and ``M:05``, since questions often leave it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

MONTHS = ["january", "february", "march", "april", "may", "june"]
MONTHS += ["july", "august", "september", "october", "november", "december"]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "couple": 2, "few": 3}

_RELATIVE = re.compile(
    r"\b(?:(?P<day>today|tonight|yesterday|tomorrow)"
    rf"|(?P<which>last|next|this|past)\s+(?P<unit>week|weekend|month|year|summer|winter|spring|fall|{'|'.join(WEEKDAYS)})"
    rf"|(?:a\s+)?(?P<count>\d{{1,3}}|{'|'.join(COUNTS)})\s+(?:of\s+)?(?P<ago>day|week|weekend|month|year)s?\s+ago)\b",
    re.IGNORECASE,
)
_MONTH = "|".join([*MONTHS, *(month[:3] for month in MONTHS if month != "may"), "sept"])
_WRITTEN = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{_MONTH})\b\.?(?:,?\s+(?P<y1>\d{{4}}))?"
    rf"|(?P<m2>{_MONTH})\b\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*:)(?:,?\s+(?P<y2>\d{{4}}))?"
    rf"|(?P<m3>{_MONTH})\b\.?(?:,?\s+(?P<y3>\d{{4}}))?"
    r"|(?P<y4>\d{4})-(?P<m4>\d{2})(?:-(?P<d4>\d{2}))?"
    r"|\b(?:in|of|during|since|year)\s+(?P<y5>(?:19|20)\d{2}))\b",
    re.IGNORECASE,
)


def date_terms_of(text: str, at: float | None) -> Iterator[str]:
    """Date terms of a document: of the day it was said, of days it names, and of days it means relative to that day."""
    said = _day(at)
    if said is not None:
        yield from _terms(said.year, said.month, said.day)
        for meant in _relative(text, said):
            yield from _terms(*meant)
    for year, month, day in _written(text):
        # What is said without a year is most often about the year it is said in.
        yield from _terms(year or (said.year if said and month else None), month, day)


def query_date_terms(text: str, now: float | None) -> Iterator[str]:
    """Date terms of a question: the most exact one of each date it names."""
    asked = _day(now)
    meant = [*_written(text), *(_relative(text, asked) if asked else ())]
    for year, month, day in meant:
        if exact := list(_terms(year, month, day)):
            yield exact[0]


def _day(at: float | None) -> date | None:
    try:
        return None if at is None else datetime.fromtimestamp(at, UTC).date()
    except (OverflowError, OSError, ValueError):
        return None


def _terms(year: int | None, month: int | None, day: int | None) -> Iterator[str]:
    """From the most exact to the least."""
    if year and month and day:
        yield f"d:{year:04}-{month:02}-{day:02}"
    if month and day:
        yield f"D:{month:02}-{day:02}"
    if year and month:
        yield f"m:{year:04}-{month:02}"
    if month:
        yield f"M:{month:02}"
    if year:
        yield f"y:{year:04}"


def _written(text: str) -> Iterator[tuple[int | None, int | None, int | None]]:
    for found in _WRITTEN.finditer(text):
        group = found.groupdict()
        name = group["m1"] or group["m2"] or group["m3"]
        if name and name.lower() == "may" and not (group["d1"] or group["d2"] or group["y3"]) and name != "May":
            continue  # the verb
        month = _month(name) if name else int(group["m4"]) if group["m4"] else None
        day = next((int(group[key]) for key in ("d1", "d2", "d4") if group[key]), None)
        year = next((int(group[key]) for key in ("y1", "y2", "y3", "y4", "y5") if group[key]), None)
        if (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31):
            yield year, month, day


def _month(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name.lower()[:3]))


def _relative(text: str, said: date) -> Iterator[tuple[int | None, int | None, int | None]]:
    for found in _RELATIVE.finditer(text):
        try:
            yield from _resolve(found, said)
        except (OverflowError, ValueError):
            continue  # "900 years ago" from a day before the calendar


def _resolve(found: re.Match[str], said: date) -> Iterator[tuple[int | None, int | None, int | None]]:
    if word := found["day"]:
        meant = said + timedelta(days={"yesterday": -1, "tomorrow": 1}.get(word.lower(), 0))
        yield meant.year, meant.month, meant.day
        return
    if found["ago"]:
        number = COUNTS.get(found["count"].lower()) or int(found["count"])
        unit, back = found["ago"].lower(), True
    else:
        unit, number = found["unit"].lower(), 1
        back = found["which"].lower() in ("last", "past")
        if found["which"].lower() == "this" and unit not in WEEKDAYS:
            number = 0
    sign = -1 if back else 1
    if unit in WEEKDAYS:
        away = (WEEKDAYS.index(unit) - said.weekday()) % 7
        meant = said + timedelta(days=away - 7 if back else away or 7)
        yield meant.year, meant.month, meant.day
    elif unit == "day":
        meant = said + timedelta(days=sign * number)
        yield meant.year, meant.month, meant.day
    elif unit in ("week", "weekend"):
        meant = said + timedelta(weeks=sign * number)
        yield meant.year, meant.month, None
    elif unit == "month":
        months = said.year * 12 + said.month - 1 + sign * number
        yield months // 12, months % 12 + 1, None
    else:
        yield said.year + sign * number, None, None
