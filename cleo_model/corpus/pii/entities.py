"""Types of personal data, by Presidio's names where it has one, and the masking profiles that name them.

direct   what identifies a person by itself (default)
strict   also what does so together with other things: places, organisations, titles, dates, ages
"""

from __future__ import annotations

from typing import Literal

MaskingProfile = Literal["direct", "strict"]
Replace = Literal["surrogate", "placeholder", "drop"]
"""What takes the place of a value: an invented one, `[PERSON_1]`, or nothing, for the whole record goes."""

# Documents that a state or an institution numbers; Presidio's names, so that its recognizers serve as they are.
IDENTITY = (
    "US_SSN", "US_ITIN", "US_PASSPORT", "US_DRIVER_LICENSE", "UK_NHS", "UK_NINO", "UK_PASSPORT", "DE_TAX_ID",
    "DE_ID_CARD", "DE_PASSPORT", "FR_NIR", "ES_NIF", "ES_NIE", "IT_FISCAL_CODE", "IT_PASSPORT", "IT_IDENTITY_CARD",
    "IT_DRIVER_LICENSE", "IT_VAT_CODE", "NL_BSN", "IN_AADHAAR", "IN_PAN", "IN_PASSPORT", "IN_VOTER", "AU_TFN",
    "AU_MEDICARE", "CA_SIN", "SG_NRIC_FIN", "NATIONAL_ID", "PASSPORT", "DRIVER_LICENSE", "MEDICAL_RECORD",
)  # fmt: skip
DIRECT = (
    "EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "BANK_ACCOUNT", *IDENTITY, "SECRET", "STREET_ADDRESS", "ZIP_CODE",
    "DATE_OF_BIRTH", "IP_ADDRESS", "MAC_ADDRESS", "PHONE_NUMBER", "URL", "USERNAME", "VEHICLE_ID", "DEVICE_ID",
    "COORDINATES", "PERSON",
)  # fmt: skip
INDIRECT = ("LOCATION", "ORGANIZATION", "NRP", "TITLE", "DATE_TIME", "AGE")
DENIED = "DENIED"
"""What a source's list says is to be taken out, whatever it is."""
ENTITIES = (*DIRECT, *INDIRECT, DENIED)
"""Every type but those of a user's own recognizers. Where finds overlap, all of their characters are masked, under the
earliest of their types; a user's own type comes before these."""

MASKED: dict[MaskingProfile, frozenset[str]] = {
    "direct": frozenset((*DIRECT, DENIED)),
    "strict": frozenset(ENTITIES),
}
