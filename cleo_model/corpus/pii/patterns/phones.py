"""Telephone numbers of every layout: international ones, national ones by their grouping, bare ones where the text calls.

A layout that only a telephone number has is believed as it stands, where Google's libphonenumber knows the number in
one of the regions; any other run of digits needs a word of calling beside it.
"""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern

REGIONS = (
    "US",
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "NL",
    "PT",
    "IN",
    "AU",
    "CH",
    "BE",
    "AT",
    "BR",
    "IE",
    "SG",
    "ZA",
    "NZ",
    "MX",
)
L = r"(?<![\p{L}\p{N}_./=@#$€£-])(?<!\d[,:])"
R = r"(?![\p{L}\p{N}_%€$£]|[.,:/-]\d|[ ]?[€$£%°])"
EXTENSION = r"(?:[ ]?(?:,[ ]?)?(?:x|ext\.?|extension|poste|durchwahl|dw|#)[ ]?\d{1,6})?"
SIGN = r"[ .\-/\u00a0\u2011\u2013]"
ANY = rf"{L}(?:\+|\(?00)?[(]?\d(?:[()]?{SIGN}{{0,2}}[()]?\d){{5,16}}{EXTENSION}{R}"
DATE = regex.compile(
    r"\d{4}([-./])(?:0?\d|1[0-2])\1[0-3]?\d(?: .*)?|[0-3]?\d([-./])[0-3]?\d\2(?:\d{4}|\d\d)(?: .*)?|(?:1[89]|20)\d\d ?[-–/] ?(?:1[89]|20)\d\d|\d{1,2}:.*"
)
DECIMAL = regex.compile(r"\d+\.\d+")
QUAD = regex.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
STRONG = (
    r"(?:tele)?phones?|phone ?(?:number|no)|tel|telephone|mobiles?|mob|cell(?:ular|phone)?s?|fax|whats ?app|sms|hotline|landline|voicemail|pager|ph|switchboard"
    r"|handy|handynummer|telefon(?:nummer)?|mobil(?:nummer|telefon)?|rufnummer|festnetz|durchwahl|rückruf"
    r"|t[ée]l[ée]phone|t[ée]l|portable|t[ée]lécopie|tel[ée]fono|m[óo]vil|cellulare|cell|fisso|recapito|telefoon(?:nummer)?|mobiel|gsm|06-nummer"
    r"|telefone|telem[óo]vel|celular|contacto|contact (?:number|no)"
)
WEAK = (
    r"call(?:s|ed|ing|er|ers)?|text(?:ed|ing)?|ring|rang|dial(?:led|ed)?|reach(?:ed|able)?|contact|number|desk|office|work|home|emergency|line|message|guard|reception"
    r"|anrufen|ruf\p{L}*|ruft|erreich\p{L}*|melde\p{L}*|nummer|appel\p{L}*|joindre|joignable|rappel\p{L}*|num[ée]ro|llam\p{L}*|n[úu]mero|chiam\p{L}*|numero"
    r"|bel|bellen|bereik\p{L}*|bereikbaar|lig(?:ue|ar|a)|contact(?:ar|e|o)"
)
CALLED = (
    r"(?i:\b(?:call|text|ring|dial|reach|contact|message|phone|sms|whatsapp|ping)(?:ed|ing)?[ ](?:(?:me|us|him|her|them|back|someone|somebody|the|a|my|our|his|\p{L}{2,12})[ ]){0,4}"
    r"(?:back[ ])?(?:at|on|via|under|:)[ ]?|\bmy (?:number|cell|mobile|phone)(?: is|:)[ ]?|\b(?:unter|sous le|au|al|allo|op|para o|pelo)[ ](?:der[ ]|le[ ]|el[ ]|het[ ])?(?:nummer|num[ée]ro|n[úu]mero)?:?[ ]?)"
)


def _digits(value: str) -> str:
    return "".join(char for char in value if char.isdigit())


@lru_cache(4096)
def _is_valid(value: str, region: str | None) -> bool:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return False
    return bool(
        phonenumbers.is_valid_number(number)
        if region is None
        else phonenumbers.is_valid_number_for_region(number, region)
    )


def _is_other(value: str) -> bool:
    """A date, a span of years or a network address has digits too."""
    plain = value.strip("() ")
    return any(shape.fullmatch(plain) for shape in (DATE, QUAD, DECIMAL))


def _is_international(value: str) -> bool:
    number = regex.split(r"(?i)[ ,]*(?:x|ext|#|poste|durchwahl|dw)", value)[0]
    if number.startswith("00"):
        number = "+" + number[2:]
    count = len(_digits(number))
    if not 7 <= count <= 15:
        return False
    if "(0)" in number:
        number = number.replace("(0)", "")
    if regex.search(r"\D\d$", number):  # a number of a table: +352364.5
        return False
    return _is_valid(number, None) or count >= 11 or (regex.search(r"\d[ ()-]+\d", number) is not None and count >= 9)


def _is_national(value: str) -> bool:
    if _is_other(value) or regex.search(r"\D\d$", value):
        return False
    return len(_digits(value)) == 11 or any(_is_valid(value, region) for region in REGIONS)


def _is_called(value: str) -> bool:
    count = len(_digits(regex.split(r"(?i)x|ext|#", value)[0]))
    return 6 <= count <= 15 and not _is_other(value)


def _is_grouped(value: str) -> bool:
    """Ten digits in a row, or groups as telephone numbers have them."""
    count = len(_digits(value))
    if _is_other(value) or not 7 <= count <= 15:
        return False
    groups = [group for group in regex.split(r"\D+", value) if group]
    if len(groups) == 1:
        return 10 <= count <= 13 or (count >= 9 and value.startswith("0"))
    if len(groups) > 4 and len(groups[0]) <= 2 and not value.startswith(("0", "+", "(")):
        return False  # a row of small numbers
    return all(len(group) >= 2 for group in groups[1:]) and len(groups) <= 6


G = r"[ .\-\u00a0\u2011]"
PHONES: list[Pattern] = [
    pattern("PHONE_NUMBER", rf"(?<![\p{{L}}\p{{N}}_+.=-])(?:\+|(?<!\d)00(?=[1-9]))[ ]?\d{{1,3}}(?:[()]?{SIGN}{{0,2}}[()]?\d){{5,14}}{EXTENSION}(?![\p{{L}}\p{{N}}_]|[.,:]\d)", digits=6, check=_is_international),
    pattern("PHONE_NUMBER", rf"{L}(?:1{G})?\([2-9]\d\d\)[ .-]?\d{{3}}{G}\d{{4}}{EXTENSION}(?![\p{{L}}\p{{N}}_])", digits=6),
    pattern("PHONE_NUMBER", rf"{L}(?:1{G})?[2-9]\d\d(?P<s>[-.])\d{{3}}(?P=s)\d{{4}}{EXTENSION}{R}", digits=6),
    pattern("PHONE_NUMBER", rf"{L}(?:1[ ])?[2-9]\d\d[ ][2-9]\d\d[ ]\d{{4}}{EXTENSION}{R}", digits=6),
    pattern("PHONE_NUMBER", rf"{L}\(0\d{{1,5}}\)[ ]?\d(?:{SIGN}?\d){{4,8}}{EXTENSION}{R}", digits=6),
    pattern("PHONE_NUMBER", rf"{L}\(\d{{2,3}}\)[ ]\d{{3,5}}[- ]\d{{3,4}}{EXTENSION}{R}", digits=6),
    # A leading nought and groups: 06 12 34 56 78, 07911 123456, 0171 2345678, 020 7946 0958.
    pattern("PHONE_NUMBER", rf"{L}0[1-9]\d{{0,4}}(?:{SIGN}\d{{2,8}}){{1,5}}{EXTENSION}{R}", digits=6, check=_is_national),
    pattern("PHONE_NUMBER", ANY, digits=6, check=_is_called, near=STRONG),
    pattern("PHONE_NUMBER", ANY, digits=6, check=_is_grouped, near=WEAK),
    pattern("PHONE_NUMBER", rf"{CALLED}(?P<v>(?:\+|\(?00)?[(]?\d(?:[()]?{SIGN}{{0,2}}[()]?\d){{5,16}}{EXTENSION}){R}", digits=6, check=_is_called),
]  # fmt: skip
