"""The labels of the token classifier: one for each type, and a second one for persons.

Type alone, without begin and inside: finds are united, so that one address of two lines or two that touch come out the
same. Persons are told apart, since each of a list of names is somebody else: B-PERSON begins a name.
"""

from __future__ import annotations

# Each label with the rows of Rampart's classifier that it starts as the mean of.
FROM_RAMPART: dict[str, tuple[str, ...]] = {
    "O": ("O",),
    "B-PERSON": ("B-GIVEN_NAME",),
    "PERSON": ("B-SURNAME", "I-SURNAME", "I-GIVEN_NAME"),
    "STREET_ADDRESS": (
        "B-STREET_NAME",
        "I-STREET_NAME",
        "B-BUILDING_NUMBER",
        "B-SECONDARY_ADDRESS",
        "I-SECONDARY_ADDRESS",
    ),
    "ZIP_CODE": ("B-ZIP_CODE", "I-ZIP_CODE"),
    "LOCATION": ("B-CITY", "I-CITY", "B-STATE", "I-STATE"),
    "ORGANIZATION": ("O",),
    "NRP": ("O",),
    "TITLE": ("O",),
    "DATE_TIME": ("O",),
    "AGE": ("O",),
    "DATE_OF_BIRTH": ("O",),
    "PHONE_NUMBER": ("B-PHONE", "I-PHONE"),
    "EMAIL_ADDRESS": ("B-EMAIL", "I-EMAIL"),
    "URL": ("B-URL", "I-URL"),
    "USERNAME": ("B-EMAIL", "B-GIVEN_NAME"),
    "CREDIT_CARD": ("B-BANK_ACCOUNT", "I-BANK_ACCOUNT"),
    "IBAN_CODE": ("B-BANK_ACCOUNT", "I-BANK_ACCOUNT"),
    "BANK_ACCOUNT": ("B-BANK_ACCOUNT", "I-BANK_ACCOUNT", "B-ROUTING_NUMBER", "I-ROUTING_NUMBER"),
    "NATIONAL_ID": ("B-GOVERNMENT_ID", "I-GOVERNMENT_ID", "B-TAX_ID", "I-TAX_ID"),
    "PASSPORT": ("B-PASSPORT", "I-PASSPORT"),
    "DRIVER_LICENSE": ("B-DRIVERS_LICENSE", "I-DRIVERS_LICENSE"),
    "MEDICAL_RECORD": ("B-GOVERNMENT_ID", "I-GOVERNMENT_ID"),
    "VEHICLE_ID": ("B-DRIVERS_LICENSE", "I-DRIVERS_LICENSE"),
    "DEVICE_ID": ("B-GOVERNMENT_ID", "I-GOVERNMENT_ID"),
    "SECRET": ("B-BANK_ACCOUNT", "I-GOVERNMENT_ID"),
    "IP_ADDRESS": ("I-PHONE", "I-URL"),
    "MAC_ADDRESS": ("I-GOVERNMENT_ID",),
    "COORDINATES": ("I-PHONE",),
}
LABELS = tuple(FROM_RAMPART)
BEGINS = "B-PERSON"
