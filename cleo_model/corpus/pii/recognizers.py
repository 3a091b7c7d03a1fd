"""Patterns for personal data that Presidio misses: addresses, introduced names, birthdays, secrets, foreign numbers."""

from __future__ import annotations

import ipaddress
from typing import Any

import regex  # type: ignore[import-untyped]  # it has no stubs; re knows no \\p{Lu} and no \\K
from presidio_analyzer import Pattern, PatternRecognizer, RecognizerResult
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

PARTICLE = r"(?:van|von|de|der|da|di|la|le|bin|al)\b"
NAME = rf"\p{{Lu}}[\p{{L}}'’-]+(?:\s(?:\p{{Lu}}\.|{PARTICLE}|\p{{Lu}}[\p{{L}}'’-]+)){{0,3}}"
SAID = r"(?i:\bmy name's|\bI am called|\bcall me|\bname is)\s"
# Also said of other things, so only where two names follow.
PERHAPS_SAID = r"(?:\bI am|\bI'm|\bI’m|\b[Yy]ou are|\b[Tt]his is)\s"
TITLE = r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Messrs)\.?\s"

MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?"
)
DATE = (
    rf"(?:{MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{MONTH},?\s\d{{4}}"
    r"|\d{4}-\d\d-\d\d|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})"
)
STREET = (
    r"\b\d{1,5}[A-Za-z]?\s(?:(?:N|S|E|W|North|South|East|West)\.?\s)?(?:\p{Lu}[\p{L}'’.-]*\s){1,4}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Square|Sq|Terrace|Close"
    r"|Parkway|Pkwy|Highway|Hwy)\b\.?"
    r"(?:,?[ ](?:Apt|Apartment|Suite|Ste|Unit|Flat|No|#)\b\.?\s?#?\w{1,5})?"
    r"(?:,\s\p{Lu}[\p{L} .'-]{2,30})?(?:,?\s\p{Lu}{2}\s\d{5}(?:-\d{4})?)?"
    r"(?:,?\s\p{Lu}{1,2}\d[\p{Lu}\d]?\s?\d\p{Lu}{2})?"
)
TOKEN = r"[-_A-Za-z0-9]"  # noqa: S105 - a pattern of tokens
SECRETS = {
    rf"\b(?:sk|pk|rk)[-_](?=\S*\d){TOKEN}{{16,}}": 0.9,
    r"\bAKIA[0-9A-Z]{16}\b": 0.9,
    rf"\b(?:ghp|gho|ghs|glpat|xox[abp])[-_]{TOKEN}{{16,}}": 0.9,
    # A word is no password: it needs a digit or a sign in it.
    r"(?i:\b(?:password|passcode|pin|api key|token) is:?\s)[\"'`]?\K(?=\S*[\d!@#$%^&*_+=])[^\s\"'`]{4,}": 0.7,
}


class LocalPhoneRecognizer(PhoneRecognizer):
    """Presidio's, only where there are enough digits: it is slow on ordinary text."""

    DIGITS = regex.compile(r"\d(?:[\s().+/-]{0,3}\d){6,}")

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        if not self.DIGITS.search(text):
            return []
        results: list[RecognizerResult] = super().analyze(text, entities, nlp_artifacts)
        return results


def _patterns(entity: str, patterns: dict[str, float], context: list[str] | None = None) -> PatternRecognizer:
    return PatternRecognizer(
        supported_entity=entity,
        name=f"own {entity}",
        patterns=[Pattern(f"{entity} {number}", text, score) for number, (text, score) in enumerate(patterns.items())],
        context=context or [],
        # Not IGNORECASE, Presidio's default: a name begins with a capital.
        global_regex_flags=regex.MULTILINE,
    )


def own_recognizers() -> list[PatternRecognizer]:
    """Their names begin with `own`, which tells certain finds from the guesses of the name finder."""
    return [
        _patterns("STREET_ADDRESS", {STREET: 0.8}),
        _patterns(
            "DATE_OF_BIRTH", {rf"(?i:born (?:on )?|birth(?:day)? (?:is |was )?(?:on )?|birth: ?|dob:? ?)\K{DATE}": 0.9}
        ),
        _patterns(
            "PERSON",
            {
                rf"{SAID}\K{NAME}": 0.7,
                rf"{TITLE}\K{NAME}": 0.8,
                rf"{PERHAPS_SAID}\K(?=\p{{Lu}}[\p{{L}}'’-]+\s\p{{Lu}}){NAME}": 0.6,
                rf"(?:^|[.,!] )\K{NAME}(?= (?:here|speaking)\b)": 0.6,
            },
        ),
        _patterns("SECRET", SECRETS),
        # Also a card number with a slip in it, where the text speaks of a card.
        _patterns("CREDIT_CARD", {r"\b(?:\d[ -]?){13,16}\b(?<=\d)": 0.1}, ["card", "visa", "mastercard", "paid"]),
        _patterns("US_SSN", {r"\b\d{3}-\d{2}-\d{4}\b": 0.5}),
        _patterns(
            "PHONE_NUMBER",
            {
                r"(?<![\w.])\+\d{1,3}[\s.-]?(?:\(?\d{1,4}\)?[\s.-]?){2,5}\d\b(?<=(?:\d\D{0,2}){7})": 0.6,
                r"(?<![\w.])\(\d{3}\)\s?\d{3}[-. ]\d{4}\b": 0.6,
                r"(?<![\w.-])\d{3}[-.]\d{3}[-.]\d{4}\b(?![-.]\d)": 0.5,
            },
        ),
    ]


DOCUMENTATION = [
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def is_personal_address(text: str) -> bool:
    """Whether a network address may belong to somebody: not the local machine's, nor one kept for documentation."""
    try:
        address = ipaddress.ip_address(text.split("/")[0])
    except ValueError:
        return False
    reserved = address.is_loopback or address.is_unspecified or address.is_multicast
    return not reserved and not any(address in net for net in DOCUMENTATION if net.version == address.version)
