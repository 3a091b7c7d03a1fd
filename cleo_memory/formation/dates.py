"""When something began that a clause tells of: a month, a year, so long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from cleo_memory.formation.grammar import fold

MONTHS = tuple(
    names.split()
    for names in (
        "january januar januari janvier enero janeiro gennaio jan ene gen janner",
        "february februar februari fevrier febrero fevereiro febbraio feb",
        "march marz mars maart marzo marco mar",
        "april avril abril aprile apr",
        "may mai mei mayo maio maggio",
        "june juni juin junio junho giugno jun",
        "july juli juillet julio julho luglio jul",
        "august augustus aout agosto aug",
        "september septembre septiembre setiembre setembro settembre sept sep",
        "october oktober octobre octubre outubro ottobre oct okt",
        "november novembre noviembre novembro nov",
        "december dezember decembre diciembre dezembro dicembre dec dez",
    )
)
"""Names of the months in all languages, folded."""
NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "a an one einem einer einen un une una een um uma uno",
            "two zwei deux dos twee due dois duas",
            "three drei trois tres drie tre",
            "four vier quatre cuatro quattro quatro",
            "five funf cinq cinco vijf cinque",
            "six sechs seis zes sei",
            "seven sieben sept siete zeven sette sete",
            "eight acht huit ocho otto oito",
            "nine neun neuf nueve negen nove",
            "ten zehn dix diez tien dieci dez",
        ),
        1,
    )
    for word in words.split()
}
UNITS = {
    "day": r"days?|tage?n?|jours?|dias?|dag(?:en)?|giorn[io]",
    "week": r"weeks?|wochen?|semaines?|semanas?|weken|settiman[ae]",
    "month": r"months?|monate?n?|mois|mes(?:es)?|maand(?:en)?|mes[ei]",
    "year": r"years?|jahre?n?|ans?|annees?|anos?|jaar|jaren|ann[io]",
}
DAYS = {"day": 1.0, "week": 7.0, "month": 30.44, "year": 365.25}
ALL_MONTHS = "|".join(f"(?P<m{n}>{'|'.join(names)})" for n, names in enumerate(MONTHS, 1))
MONTH = re.compile(
    r"(?:\b(?P<day>\d{1,2})(?:st|nd|rd|th|\.|er|de)?\s*(?:of |de |di )?)?"
    rf"\b(?:{ALL_MONTHS})\b\.?(?:,?\s*(?:de |del )?(?P<year>(?:19|20)\d\d))?"
)
YEAR = re.compile(r"\b(?:in|since|im jahr|seit|en|depuis|desde|sinds|nel|dal|em)\s+((?:19|20)\d\d)\b")
MAY_IS_A_MONTH = re.compile(r"\b(?:in|since|last|of|this|\d)\s*$")
ISO = re.compile(r"\b((?:19|20)\d\d)-(\d\d)-(\d\d)\b")
ALL_UNITS = "|".join(f"(?P<{name}>{words})" for name, words in UNITS.items())
ALL_UNITS_AGAIN = ALL_UNITS.replace("(?P<", "(?P<b_")
AGO = re.compile(
    rf"\b(?:vor|il y a|hace|ha)\s+(?P<n1>\w+)\s+(?:{ALL_UNITS_AGAIN})\b"
    rf"|\b(?P<n2>\w+)\s+(?:{ALL_UNITS})\s+(?:ago|geleden|fa|atras)\b"
)
LAST = re.compile(
    r"\b(?:last|letzten?|letzter|letztes|vorigen?|vorige|afgelopen|pasad[oa]|passad[oa]|scors[oa]|dernier|derniere|ultim[oa])"
    rf"\s+(?:{ALL_UNITS})\b|\b(?:{ALL_UNITS_AGAIN})\s+(?:pasad[oa]|passad[oa]|scors[oa]|derniere?)\b"
)
YESTERDAY = re.compile(r"\b(?:yesterday|gestern|hier|ayer|gisteren|ieri|ontem)\b")


def began(text: str, told: datetime) -> datetime | None:
    """The date that a clause tells, as of the day it was told; None without one. What it tells of is past."""
    words = fold(text)
    try:
        return _exact(words, told) or _relative(words, told)
    except (ValueError, OverflowError):
        return None


def _exact(words: str, told: datetime) -> datetime | None:
    if found := ISO.search(words):
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
    for found in MONTH.finditer(words):
        month = next(n for n in range(1, 13) if found[f"m{n}"])
        if found[f"m{month}"] == "may" and not MAY_IS_A_MONTH.search(words[: found.start(f"m{month}")]):
            continue  # the verb
        day, year = int(found["day"] or 1), int(found["year"] or told.year)
        at = datetime(year, month, day, tzinfo=UTC)
        return at.replace(year=year - 1) if found["year"] is None and at > told else at
    if found := YEAR.search(words):
        return datetime(int(found[1]), 1, 1, tzinfo=UTC)
    return None


def _relative(words: str, told: datetime) -> datetime | None:
    if YESTERDAY.search(words):
        return told - timedelta(days=1)
    for pattern in (AGO, LAST):
        if found := pattern.search(words):
            named = found.groupdict()
            count = named.get("n1") or named.get("n2")
            number = 1 if count is None else NUMBERS.get(count) or (int(count) if count.isdecimal() else None)
            unit = next(name for name in DAYS if named.get(name) or named.get(f"b_{name}"))
            if number is not None:
                return told - timedelta(days=DAYS[unit] * number)
    return None
