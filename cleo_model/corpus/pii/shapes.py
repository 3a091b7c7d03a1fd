"""The shape that a find of a model must have to be believed: a model of words misjudges numbers and signs.

It looks at the find's own characters alone, and at all of a number, name of code or mail address that it is a part of,
so that no context and no other finder can take a find away. Where a find is too long for its shape its parts may have
it, so that a word more in a find takes none of the others away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import regex  # type: ignore[import-untyped]  # it has no stubs
from stdnum import luhn

from cleo_model.corpus.pii.decide import NAMES, POSSESSIVE
from cleo_model.corpus.pii.find import Find, Finder, needed
from cleo_model.corpus.pii.given_names import is_full_name
from cleo_model.corpus.pii.patterns.dates import MONTHS
from cleo_model.corpus.pii.patterns.lists import all_listed
from cleo_model.corpus.pii.patterns.mail import is_account_of_a_machine
from cleo_model.corpus.pii.patterns.web import is_model_page, is_personal_address
from cleo_model.corpus.pii.tokens import WORD

EDGE = regex.compile(r"(?i)(?:(?:the|a|an|to|in|of|from|at|by|der|die|das|le|la|el|il|de|het|o)\s+)+(?=\S)")
"""Small words in front of a place, an organisation or a title that are no part of it."""
DATED = regex.compile(
    rf"(?i)\d|\b{MONTHS}(?!\p{{L}})|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi"
    r"|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|lunedì|martedì|mercoledì|giovedì|venerdì|sabato"
    r"|domenica|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|segunda|terça|quarta|quinta|sexta)\b"
    r"|\b(?:twent|thirt|fort|fift|sixt|sevent|eight|ninet)"
)
"""What of a date says when: "yesterday" and "next week" tell nothing of anybody."""
ROAD = regex.compile(r"(?i)(?:(?:county|state|us|u\.s\.)[ ])?(?:routes?|interstate|highway|hwy|us|i|sr|m)[ -]?\d{1,4}")
"""A road, or a street without a house, is a place: nobody's address."""
CLOCK = regex.compile(r"(?i)\d{1,2}\s?:\s?\d\d(?:\s?:\s?\d\d)?(?:\s?[ap]\.?m\.?)?")
"""A time of day without a date tells nothing of anybody."""
SCORE = regex.compile(r"(?<!\d)(\d{1,3})\s[-–—]\s(\d{1,3})")
"""At the end of what looks like a street and its houses: of a game, where the first is the larger."""
NUMBERED = (
    r"(?:page|chapter|section|figure|table|line|step|ticket|issue|order|invoice|case|item|version|build|release|port|error"
    r"|code|row|column|job|task|node|server|host|question|lesson|round|level|part|phase|volume|week|day|year"
    r"|building|bldg|floor|room|wing|gate|bay|dock|desk|rack|zone|sector|platform|flight|seat|locker"
    r"|seite|kapitel|zeile|página|pagina|bladzijde|hoofdstuk|chapitre|capítulo|capitolo)s?"
)
COUNTED = regex.compile(rf"(?i)\p{{L}}{{1,2}}[ ]?\d{{1,2}}|{NUMBERED}[ #]{{1,2}}\d+")
"""One of many that are numbered: "page 2311" reads like a house in a street, and each half like a user."""
COUNTS = regex.compile(rf"(?i){NUMBERED}|\d{{1,4}}")
ARXIV = regex.compile(r"\d\d(?:0[1-9]|1[0-2])\.\d{4,5}(?:v\d+)?")
OFF_EARTH = regex.compile(r"\d{4}[.,]\d")
"""No latitude and no longitude has four digits before its point."""
CITED = regex.compile(
    r"@(?:article|book|booklet|conference|dataset|inbook|incollection|inproceedings|manual|mastersthesis|misc|online"
    r"|phdthesis|proceedings|software|techreport|unpublished)|\p{Ll}{3,}(?:19|20)\d\d\p{Ll}{3,}"
)
"""An entry of a bibliography and its key: "@misc{wang2024benchmark"."""
EXTENSION = regex.compile(r"(?i)x|ext|durchwahl|poste|int")
SIGNS = regex.compile(r"[^\p{L}\p{N}]")
NO_SECRET = regex.compile(r"\$\{?[A-Z_][A-Z0-9_]*\}?|\p{L}+-\p{L}+")
"""A variable of a shell, a compound word: "case-sensitive"."""


def _digits(value: str) -> int:
    return sum(char.isdigit() for char in value)


def _groups(value: str) -> list[str]:
    return [str(group) for group in regex.findall(r"\d+", value)]


def _card(value: str) -> bool:
    # A number in one piece whose check digit is wrong is a number: a slip of the pen is the patterns' business.
    groups = _groups(value)
    whole = len(groups) > 1 or luhn.is_valid(groups[0]) if groups else False
    return 12 <= _digits(value) <= 19 and all(len(group) > 2 for group in groups[:-1]) and whole


def _phone(value: str) -> bool:
    groups = _groups(value)
    rising = len(groups) > 1 and max(map(len, groups)) <= 3 and not value.lstrip().startswith(("0", "+", "("))
    numbers = [int(group) for group in groups]
    # A row of rising small numbers is a table.
    return (
        (3 if EXTENSION.search(value) else 6) <= _digits(value) <= 17
        and "\n" not in value
        and not (rising and numbers == sorted(numbers))
        and len(groups) < 8
    )


def _street(value: str) -> bool:
    score = SCORE.search(value)
    game = score is not None and score.end() == len(value) and int(score[1]) > int(score[2])
    named = any(map(str.isalpha, value)) or _digits(value) > 4
    return named and not game and COUNTED.fullmatch(value) is None


def _secret(value: str) -> bool:
    if NO_SECRET.fullmatch(value) or CITED.fullmatch(value):
        return False
    letters = any(char.isalpha() for char in value)
    return len(value) > 3 and (
        (letters and (_digits(value) > 0 or SIGNS.search(value) is not None)) or _digits(value) > 5
    )


TYPES = frozenset(["str", "int", "bool", "bytes", "None", "string"])
"""What code says that a user name is."""
NOBODY = frozenset([*all_listed("peoples"), "P.S", "P.S.", "N.B", "N.B."])
"""A word for a people or its language, alone, is nobody's name."""


def _username(value: str) -> bool:
    written = regex.search(r"\s", value) is None and len(value.strip("@#")) > 2
    return written and value not in TYPES and not any(each.fullmatch(value) for each in (CITED, COUNTS))


SHAPES: dict[str, Callable[[str], bool]] = {
    "PERSON": lambda value: value not in NOBODY,
    "STREET_ADDRESS": _street,
    "EMAIL_ADDRESS": lambda value: regex.search(r"(?i)@|\bat\b|[\[({]at|\.", value) is not None,
    "CREDIT_CARD": _card,
    "IBAN_CODE": lambda value: regex.match(r"(?i)[A-Z]{2}[ ]?\d\d", value) is not None and len(value) > 13,
    "BANK_ACCOUNT": lambda value: _digits(value) > 3 or len(value) > 7,
    "PHONE_NUMBER": _phone,
    "IP_ADDRESS": lambda value: is_personal_address(regex.sub(r"(?<=\d\.\d{1,3}):\d+$", "", value.strip("[]()"))),
    "MAC_ADDRESS": lambda value: regex.fullmatch(r"(?i)[0-9a-f]{2,4}(?:[:. -][0-9a-f]{2,4}){2,7}", value) is not None,
    "URL": lambda value: regex.search(r"[./:@]", value) is not None and len(value) > 4 and not is_model_page(value),
    "USERNAME": _username,
    "SECRET": _secret,
    "ZIP_CODE": lambda value: _digits(value) > 0 and len(SIGNS.sub("", value)) > 3,
    "PASSPORT": lambda value: _digits(value) > 2,
    "DRIVER_LICENSE": lambda value: _digits(value) > 2,
    "NATIONAL_ID": lambda value: _digits(value) > 3,
    "MEDICAL_RECORD": lambda value: _digits(value) > 3 and "/" not in value,
    "VEHICLE_ID": lambda value: 3 < len(SIGNS.sub("", value)) != _digits(value) > 0,
    "DEVICE_ID": lambda value: len(SIGNS.sub("", value)) > 5,
    "COORDINATES": lambda value: (
        _digits(value) > 2 and regex.search(r"[.,°º]", value) is not None and OFF_EARTH.search(value) is None
    ),
    "DATE_OF_BIRTH": lambda value: DATED.search(value) is not None and len(value) > 3,
    "DATE_TIME": lambda value: DATED.search(value) is not None and CLOCK.fullmatch(value) is None,
    "AGE": lambda value: regex.fullmatch(r"\D*(?:1[01]\d|[1-9]?\d)\D*|\D+", value) is not None,
}

LEAST = {"ORGANIZATION": 0.7, "NRP": 0.7, "LOCATION": 0.7, "TITLE": 0.9}
"""Least score of what identifies only together with other things: there half of the doubtful finds are wrong, in noisy
text most of them, and one that is missed tells little."""


MAILED = frozenset(["EMAIL_ADDRESS", "USERNAME", "PERSON", "URL"])
"""What parts of a mail address are taken for."""
NAMED = regex.compile(r"[\p{L}\p{N}_.]")
CALLED = regex.compile(r"[\p{L}_][\p{L}\p{N}_]*(?:(?:\.[\p{L}_][\p{L}\p{N}_]*)+\(|(?:\.[\p{L}_][\p{L}\p{N}_]*){3})")
"""A name of code: `polynomial.chebyshev(`, `numpy.polynomial.chebyshev.chebpts2`."""
DIGITS = regex.compile(r"[\d.]")
ADDRESSED = regex.compile(r"[\p{L}\p{N}_.+%@-]")
ADDRESS = regex.compile(r"[\p{L}\p{N}_.+%-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?![^.-])")
PARTED = frozenset(["CREDIT_CARD", "PHONE_NUMBER", "IBAN_CODE", "IP_ADDRESS", "MAC_ADDRESS", "MEDICAL_RECORD", "AGE"])
"""Types of which a find that is too long for its shape may hold a value that has it."""
PARTS = 8
"""Words of the longest part of a find that is tried by itself."""


class Shaped:
    """A finder whose finds are believed where they have the shape of their type, and the score that it needs.

    Args:
        finder: what finds; of two finds the likelier comes first.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder, self.name = finder, finder.name

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        return [
            needed((each for find in finds for each in _believed(text, find)), len(text))
            for text, finds in zip(texts, self._finder.find(texts), strict=True)
        ]


def _believed(text: str, find: Find) -> Iterator[Find]:
    """The find, if it has the shape of its type, or else the longest parts of it that have."""
    if find.score < LEAST.get(find.entity, 0.0):
        return
    if ARXIV.fullmatch(text, *_around(text, find, DIGITS)):
        return
    if find.entity in ("USERNAME", "SECRET") and CALLED.match(text, _around(text, find, NAMED)[0]):
        return
    if find.entity in MAILED:
        start, end = _around(text, find, ADDRESSED)
        if address := ADDRESS.match(text, start, end):
            if is_account_of_a_machine(address[0]):
                return
            if find.entity == "EMAIL_ADDRESS":
                find = replace(find, start=start, end=max(find.end, address.end()))
    has_shape = SHAPES.get(find.entity)
    if has_shape is None or has_shape(text[find.start : find.end]):
        yield _trimmed(text, find)
        return
    words = [match.span() for match in WORD.finditer(text, find.start, find.end)] if find.entity in PARTED else []
    for place, (start, _) in enumerate(words):
        ends = [end for _, end in words[place : place + PARTS] if has_shape(text[start:end])]
        if ends:
            yield _trimmed(text, replace(find, start=start, end=ends[-1]))


def _around(text: str, find: Find, signs: regex.Pattern[str]) -> tuple[int, int]:
    """Start and end of the find with what stands around it of these signs."""
    start, end = find.start, find.end
    while start and signs.match(text, start - 1):
        start -= 1
    while end < len(text) and signs.match(text, end):
        end += 1
    return start, end


def _trimmed(text: str, find: Find) -> Find:
    value = text[find.start : find.end]
    if find.entity == "STREET_ADDRESS" and (not any(map(str.isdigit, value)) or ROAD.fullmatch(value)):
        return replace(find, entity="LOCATION")
    if find.entity not in ("LOCATION", "ORGANIZATION", "TITLE", "NRP"):
        return find
    bare = POSSESSIVE.sub("", value)
    # "at Zhang Wei's" reads like a shop.
    if find.entity in NAMES and is_full_name(bare, half=bare != value):
        return replace(find, entity="PERSON", end=find.start + len(bare))
    edge = EDGE.match(text, find.start, find.end)
    return replace(find, start=edge.end()) if edge and edge.end() < find.end else find
