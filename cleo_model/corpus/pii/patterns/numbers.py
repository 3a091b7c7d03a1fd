"""Numbers of money: cards, IBANs, accounts. Their check digits are read by python-stdnum."""

from __future__ import annotations

import regex  # type: ignore[import-untyped]  # it has no stubs
from stdnum import bic, iban, luhn

from cleo_model.corpus.pii.patterns.pattern import pattern, said

# First digits and lengths that the networks give out.
NETWORKS = regex.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d)\d{12}(?:\d{3})?|35(?:2[89]|[3-8]\d)\d{12}|(?:1800|2131)\d{11}"
    r"|62\d{14,17}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}"
)
CARD = r"(?<![\p{L}\p{N}_.,:/@=-])\d(?:[ -]?\d){11,18}(?![\p{L}\p{N}_@]|[-.,/]\d)"
CARD_WORDS = (
    r"cards?|cc|visa|master ?cards?|amex|american express|discover|diners|maestro|jcb|debit|credit|paid|charged?|kreditkarten?|karten?"
    r"|kartennummer|carte(?: bancaire)?|cb|tarjetas?|carta|carte|creditcard|betaalkaart|pinpas|pas|cart(?:ão|ões)|cartao"
)
ACCOUNT = (
    r"(?:bank )?account|acct|a/c|acc(?:ount)?[ ]?no|konto|kontonummer|kto|compte|cuenta|conto(?: corrente)?|rekening"
    r"|rekeningnummer|conta(?: corrente)?|agência|beneficiary|bank details"
)
NUMBER = r"\d(?:[ -]?\d){5,17}(?![\p{L}\p{N}_]|[.,]\d)"


def _digits(value: str) -> str:
    return "".join(char for char in value if char.isdigit())


def _is_card(value: str) -> bool:
    digits = _digits(value)
    return NETWORKS.fullmatch(digits) is not None and luhn.is_valid(digits) and len(set(digits)) > 2


def _is_grouped_evenly(value: str) -> bool:
    """Luhn is met, or the digits stand as on a card, or without a gap: so that two numbers in a row are no card."""
    groups = regex.split("[ -]", value)
    sizes = [len(group) for group in groups]
    return len(sizes) == 1 or sizes[:-1] == [4] * (len(sizes) - 1) or sizes in ([4, 6, 5], [4, 6, 4])


def _is_iban(value: str) -> bool:
    return bool(iban.is_valid(value, check_country=False))


def _ibans(length: int) -> str:
    return rf"(?i)(?<![\p{{L}}\p{{N}}])[A-Z]{{2}}\d\d(?:[ -]?[A-Z0-9]){{{length}}}(?![\p{{L}}\p{{N}}])"


NUMBERS = [
    pattern("CREDIT_CARD", CARD, digits=6, check=_is_card),
    # Also a card number with a slip in it, where the text speaks of a card.
    pattern("CREDIT_CARD", CARD, digits=6, check=_is_grouped_evenly, near=CARD_WORDS),
    pattern(
        "CREDIT_CARD",
        said(r"cvv2?|cvc2?|card security code|security code of (?:my|the) card", r"\d{3,4}\b"),
        gate=("cvv", "cvc", "security code"),
        digits=1,
    ),
    *(
        # One length at a time: what follows the number may be letters too.
        pattern("IBAN_CODE", _ibans(length - 4), digits=6, check=_is_iban)
        for length in (15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31)
    ),
    pattern(
        "IBAN_CODE", said("iban", r"(?i:[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?)\b"), gate=("iban",)
    ),
    pattern("BANK_ACCOUNT", said(ACCOUNT, NUMBER), digits=6, gate=("acc", "a/c", "kto", "konto", "compte", "cuenta",
                                                                   "conto", "rekening", "conta", "benef", "bank")),
    pattern(
        "BANK_ACCOUNT",
        said(r"routing|aba|rtn|transit|bsb|bankleitzahl|blz|ifsc|sort ?code", r"\d(?:[ -]?\d){5,8}\b|[A-Z]{4}0[A-Z0-9]{6}\b"),
        gate=("routing", "aba", "rtn", "transit", "bsb", "blz", "bankleitzahl", "sort", "ifsc"),
        digits=1,
    ),
    pattern(
        "BANK_ACCOUNT",
        said(r"swift(?:[ /-]?(?:bic|code))?|bic(?:[ /-]?(?:swift|code))?", r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![\p{L}\p{N}])"),
        gate=("bic", "swift"),
        check=bic.is_valid,
    ),
]  # fmt: skip
