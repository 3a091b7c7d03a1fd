"""Numbers of documents that a state gives out: national ids, tax numbers, passports, licences; and medical records.

Where a number has check digits, python-stdnum reads them. A layout that many other numbers share needs the word for it.
"""

from __future__ import annotations

import regex  # type: ignore[import-untyped]  # it has no stubs
from stdnum.au import tfn
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.us import itin, ssn

from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern, said

L, R = r"(?<![\p{L}\p{N}_./=-])", r"(?![\p{L}\p{N}_]|[-./]\d)"
MIXED = r"(?=(?:[A-Za-z -]{0,6}\d){4})[A-Z0-9](?:[ /-]?[A-Z0-9]){5,17}" + R
"""Letters and digits, of them four digits at least."""
SHORT = r"(?=(?:[A-Za-z-]{0,3}\d){3})[A-Z0-9](?:-?[A-Z0-9]){4,14}" + R
DOCUMENT = r"(?=(?:[A-Za-z]{0,3}\d){3})(?i:[A-Z0-9]{6,12})" + R


def _is_nric(value: str) -> bool:
    """Singapore's check letter; python-stdnum does not know it."""
    first, digits, last = value[0].upper(), value[1:8], value[8].upper()
    total = sum(weight * int(digit) for weight, digit in zip((2, 7, 6, 5, 4, 3, 2), digits, strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(first, 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "KLJNPQRTUWX"}
    place = 10 - total % 11 if first == "M" else total % 11
    return letters[first][place] == last


def _is_ssn(value: str) -> bool:
    area, group, serial = regex.split("[- .]", value)
    return area not in ("000", "666") and group != "00" and serial != "0000"


BY_ITSELF = [
    pattern("US_SSN", rf"{L}\d{{3}}-\d{{2}}-\d{{4}}{R}", digits=6, check=_is_ssn),
    pattern(
        "UK_NINO",
        rf"{L}(?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]?\d\d[ ]?\d\d[ ]?\d\d[ ]?[A-D]{R}",
        digits=6,
    ),
    pattern("FR_NIR", rf"{L}[1278][ ]?\d\d[ ]?[01]\d[ ]?\d[\dAB][ ]?\d{{3}}[ ]?\d{{3}}[ ]?\d\d{R}", digits=1, check=nir.is_valid),
    pattern("ES_NIF", rf"{L}\d{{8}}[ -]?[A-HJ-NP-TV-Z]{R}", digits=6, check=dni.is_valid),
    pattern("ES_NIE", rf"{L}[XYZ][ -]?\d{{7}}[ -]?[A-Z]{R}", digits=6, check=nie.is_valid),
    pattern(
        "IT_FISCAL_CODE",
        rf"(?i){L}[A-Z]{{6}}[ ]?\d\d[A-EHLMPR-T][ ]?\d\d[ ]?[A-Z]\d{{3}}[A-Z]{R}",
        digits=1,
        check=codicefiscale.is_valid,
    ),
    pattern("IN_PAN", rf"{L}[A-Z]{{3}}[ABCFGHJLPT][A-Z]\d{{4}}[A-Z]{R}", digits=1, check=pan.is_valid),
    pattern("IN_AADHAAR", rf"{L}[2-9]\d{{3}}([ -])\d{{4}}\1\d{{4}}{R}", digits=6, check=aadhaar.is_valid),
    pattern("SG_NRIC_FIN", rf"{L}[STFGM]\d{{7}}[A-Z]{R}", digits=6, check=_is_nric),
]  # fmt: skip

NEAR: tuple[tuple[str, str, object, str], ...] = (
    ("US_ITIN", rf"{L}9\d\d[ -]?\d\d[ -]?\d{{4}}{R}", itin.is_valid, r"itin|tin|tax(?:payer)?(?: id)?"),
    ("US_SSN", rf"{L}\d{{3}}[ .-]?\d{{2}}[ .-]?\d{{4}}{R}", ssn.is_valid, r"ssns?|social(?: security)?|soc sec"),
    ("UK_NHS", rf"{L}\d{{3}}[ -]?\d{{3}}[ -]?\d{{4}}{R}", nhs.is_valid, r"nhs|health|patient"),
    ("DE_TAX_ID", rf"{L}\d{{2}}[ ]?\d{{3}}[ ]?\d{{3}}[ ]?\d{{3}}{R}", idnr.is_valid, r"steuer\p{L}*|idnr|identifikations\p{L}+|tax|tin"),
    ("NL_BSN", rf"{L}\d{{3}}[. ]?\d{{3}}[. ]?\d{{3}}|\d{{4}}[. ]\d{{2}}[. ]\d{{3}}{R}", bsn.is_valid, r"bsn|burgerservice\p{L}*|sofinummer|sofi"),
    ("IN_AADHAAR", rf"{L}\d{{12}}{R}", aadhaar.is_valid, r"aadha?ar|uidai|uid"),
    ("AU_TFN", rf"{L}\d{{3}}[ ]?\d{{3}}[ ]?\d{{2,3}}{R}", tfn.is_valid, r"tfn|tax file|tax"),
    ("CA_SIN", rf"{L}\d{{3}}[ -]?\d{{3}}[ -]?\d{{3}}{R}", sin.is_valid, r"sin|nas|social insurance|assurance sociale"),
)  # fmt: skip

PASSPORT = r"passports?|reisepass(?:nummer)?|passnummer|pass-?nr|passeport|pasaporte|passaporto|paspoort(?:nummer)?|passaporte|travel document"
LICENCE = (
    r"driv(?:er|ing)(?:['’]?s)?[ ]?(?:licen[cs]e|permit)|licen[cs]e (?:number|no|#)|d/?l(?: ?(?:no|number|#))|führerschein(?:nummer)?"
    r"|permis(?: de conduire)?|carn[eé]t? de conducir|permiso de conduc\p{L}+|licencia de conduc\p{L}+|patente(?: di guida)?"
    r"|rijbewijs(?:nummer)?|carta de condução|cnh"
)
IDENTITY = (
    r"(?:my |his |her )?social(?: security)?|ssn|itin|tin|tax(?:payer)? (?:id|identification|reference|file)|utr|national (?:id|insurance|identity)|nino?"
    r"|nhs|identity card|id card|identification|government id|personalausweis\p{L}*|ausweis\p{L}*|steuer-?id\p{L}*|steuernummer"
    r"|sozialversicherungs?\p{L}*|rentenversicherungs?\p{L}*|versichertennummer|krankenversicherten\p{L}*"
    r"|s[ée]curit[ée] sociale|num[ée]ro (?:de )?s[ée]cu|carte d['’]identit[ée]|cni|nir|dni|nie|nif|documento(?: de identidad)?|seguridad social"
    r"|codice fiscale|carta d['’]identit[àa]|tessera sanitaria|bsn|burgerservicenummer|id-?kaart|identiteitskaart|identiteitsbewijs"
    r"|aadha?ar|pan(?: card)?|voter(?:['’]?s)?(?: id)?|epic|tfn|medicare|social insurance|sin|nric|fin"
    r"|cart[ãa]o de cidad[ãa]o|contribuinte|cpf|bilhete de identidade|niss|cc"
)
MEDICAL = (
    r"mrn|m\.?r\.? ?(?:no|number|#)|medical record|patient (?:id|no|number|record|#)|patient[ -]?id|chart (?:no|number|#)|health (?:card|record|insurance)"
    r"|member id|insurance (?:id|policy|member)|policy (?:no|number|#)|patientennummer|patienten-?id|fallnummer"
    r"|dossier (?:m[ée]dical|patient)|historia cl[íi]nica|cartella clinica|pati[ëe]nt(?:en)?nummer|processo cl[íi]nico|n[úu]mero de utente|utente"
)

DIGITS_OR_LETTER = r"(?:\d(?:[ ./-]?[\dA-Z]){5,17})" + R


def _near(entity: str, expression: str, check: object, near: str) -> Pattern:
    words = tuple(sorted(set(regex.findall(r"\p{L}{3,}", regex.sub(r"\\p\{L\}|\[.*?\]", " ", near)))))
    return pattern(entity, expression, digits=6, check=check, near=near, gate=words)  # type: ignore[arg-type]


IDENTITIES = [
    *BY_ITSELF,
    *(_near(*row) for row in NEAR),
    pattern("PASSPORT", said(PASSPORT, DOCUMENT), gate=("pass", "paspoort", "pasaporte", "travel document"), digits=1),
    pattern(
        "DRIVER_LICENSE",
        said(LICENCE, MIXED),
        gate=("driv", "licen", "dl", "d/l", "führerschein", "permis", "carn", "patente", "rijbewijs", "condu", "cnh"),
        digits=1,
    ),
    pattern("NATIONAL_ID", said(IDENTITY, MIXED), digits=1),
    pattern("NATIONAL_ID", said(IDENTITY, DIGITS_OR_LETTER), digits=1),
    pattern("MEDICAL_RECORD", said(MEDICAL, SHORT), digits=1),
]
