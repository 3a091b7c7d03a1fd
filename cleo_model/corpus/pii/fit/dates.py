"""Draws dates, times and ages in the forms that people write."""

from __future__ import annotations

from datetime import date
from random import Random

from babel.dates import get_day_names, get_month_names

from cleo_model.corpus.pii.fit.pools import words
from cleo_model.corpus.pii.fit.sample import Sample

NUMERIC = (
    "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%m/%d/%y", "%d.%m.%y", "%Y/%m/%d", "%d/%m/%y",
    "%Y.%m.%d", "%m-%d-%Y", "%Y%m%d",
)  # fmt: skip


class Dates:
    """The dates of one text."""

    def __init__(self, rng: Random, language: str) -> None:
        self.rng, self.language = rng, language

    def _day(self, first: int = 1900, last: int = 2035) -> date:
        return date(self.rng.randrange(first, last), self.rng.randrange(1, 13), self.rng.randrange(1, 29))

    def _month(self, day: date) -> str:
        names = get_month_names(self.rng.choice(["wide", "wide", "abbreviated"]), locale=self.language)
        return str(names[day.month])

    def _ordinal(self, day: int) -> str:
        if self.language != "en" or self.rng.random() < 0.6:
            return f"{day}." if self.language == "de" else str(day)
        return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"

    def _written(self, day: date) -> str:
        month, number = self._month(day), self._ordinal(day.day)
        if self.language in ("es", "pt") and self.rng.random() < 0.8:
            return f"{number} de {month} de {day.year}"
        if self.language != "en":
            return f"{number} {month} {day.year}"
        weekday = str(get_day_names(locale="en")[day.weekday()])
        forms = [
            f"{month} {number}, {day.year}", f"{number} {month} {day.year}", f"{month} {number} {day.year}",
            f"{weekday}, {month} {number}, {day.year}", f"{number} of {month}, {day.year}", f"{month} {day.year}",
            f"{number}-{month[:3]}-{day.year}",
        ]  # fmt: skip
        return self.rng.choice(forms)

    def date(self) -> Sample:
        """A day; one that is told by no number ("last Friday") is said and is nobody's data."""
        pick = self.rng.random()
        day = self._day(1960 if pick < 0.8 else 1700)
        if pick < 0.12:
            return Sample().add(str(self.rng.choice(words("dates")[self.language])))
        return Sample().add(day.strftime(self.rng.choice(NUMERIC)) if pick < 0.5 else self._written(day), "DATE_TIME")

    def birth_date(self) -> str:
        day = self._day(1925, 2018)
        if self.rng.random() < 0.55:
            return day.strftime(self.rng.choice(NUMERIC[:-1]))
        return str(day.year) if self.rng.random() < 0.05 else self._written(day)

    def month_day(self) -> str:
        day = self._day()
        month, number = self._month(day), self._ordinal(day.day)
        if self.language == "en":
            return self.rng.choice(
                [f"{month} {number}", f"{number} {month}", f"the {number} of {month}", month, f"{day.month}/{day.day}"]
            )
        return f"{number}{' de' if self.language in ('es', 'pt') else ''} {month}"

    def year(self) -> str:
        return str(
            self.rng.choice(
                [self.rng.randrange(1950, 2031), self.rng.randrange(1950, 2031), self.rng.randrange(1500, 1950)]
            )
        )

    def time(self) -> str:
        hour, minute = self.rng.randrange(24), self.rng.choice([0, 15, 30, 45, self.rng.randrange(60)])
        half, part = hour % 12 or 12, "pm" if hour > 11 else "am"
        forms = [
            f"{hour:02d}:{minute:02d}", f"{hour}:{minute:02d}", f"{half}:{minute:02d} {part.upper()}", f"{half}{part}",
            f"{half}:{minute:02d}{part}", f"{hour:02d}:{minute:02d}:{self.rng.randrange(60):02d}",
            "noon" if self.language == "en" else f"{hour} h",
            f"{hour}h{minute:02d}" if self.language in ("fr", "pt") else f"{half} p.m.",
        ]  # fmt: skip
        return self.rng.choice(forms)

    def datetime(self) -> str:
        day = self._day(1970)
        clock, seconds = f"{self.rng.randrange(24):02d}:{self.rng.randrange(60):02d}", f"{self.rng.randrange(60):02d}"
        written = self._written(day)
        forms = [
            f"{day.isoformat()} {clock}:{seconds}", f"{day.isoformat()}T{clock}:{seconds}Z", f"{written} {clock}",
            f"{day.strftime('%d/%m/%Y')} {clock}", f"{day.strftime('%m/%d/%Y')}, {self.time()}",
            f"{day.strftime('%a, %d %b %Y')} {clock}:{seconds} +0{self.rng.randrange(10)}00",
            f"{written} at {self.time()}" if self.language == "en" else f"{written}, {clock}",
        ]  # fmt: skip
        return self.rng.choice(forms)

    def age(self) -> str:
        return str(self.rng.randrange(7, 100))
