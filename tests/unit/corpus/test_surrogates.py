"""Surrogates: the same for the same value and key, of the same form, and never a value that was found."""

from __future__ import annotations

import re

import pytest
from stdnum import imei
from stdnum.de import idnr
from stdnum.fr import nir

from cleo_model.corpus.pii.entities import ENTITIES
from cleo_model.corpus.pii.surrogates import Surrogates
from cleo_model.corpus.pii.surrogates.lists import names
from cleo_model.corpus.pii.values import fold, squash

pytestmark = pytest.mark.unit

KEY = b"k" * 32


def test_a_value_keeps_its_surrogate_in_any_case_spacing_and_punctuation() -> None:
    draw = Surrogates(KEY)
    assert draw("EMAIL_ADDRESS", "Anna@x.org") == draw("EMAIL_ADDRESS", "ANNA@X.ORG")
    assert draw("PERSON", "Anna  Meyer") == draw("PERSON", "Anna Meyer")
    assert Surrogates(KEY)("PERSON", "Anna Meyer") == draw("PERSON", "Anna Meyer")
    digits = {
        re.sub(r"\D", "", draw("PHONE_NUMBER", form)) for form in ("(212) 736-5000", "212.736.5000", "2127365000")
    }
    assert len(digits) == 1
    assert digits != {re.sub(r"\D", "", draw("PHONE_NUMBER", "(212) 736-5001"))}


def test_another_key_or_scope_gives_another_surrogate() -> None:
    people = [f"Anna Name{chr(97 + number)}" for number in range(20)]
    one = [Surrogates(KEY)("PERSON", name) for name in people]
    assert one != [Surrogates(b"j" * 32)("PERSON", name) for name in people]
    assert one != [Surrogates(KEY, scope="other")("PERSON", name) for name in people]


def test_what_was_drawn_before_changes_nothing() -> None:
    people = [f"Anna Name{chr(97 + number)}" for number in range(20)]
    forwards, backwards = Surrogates(KEY), Surrogates(KEY)
    one = {name: forwards("PERSON", name) for name in people}
    assert one == {name: backwards("PERSON", name) for name in reversed(people)}


def test_a_person_stays_the_same_person_when_called_by_one_name() -> None:
    draw = Surrogates(KEY)
    whole = draw("PERSON", "Laura van Dijkstra")
    given, family = draw("PERSON", "Laura"), draw("PERSON", "Dijkstra")
    assert whole == f"{given} van {family}"
    assert draw("PERSON", "LAURA DIJKSTRA") == f"{given} {family}".upper()
    assert draw("PERSON", "laura dijkstra") == f"{given} {family}".lower()
    assert draw("PERSON", "Dijkstra, Laura") == f"{family}, {given}"


@pytest.mark.parametrize("name", ["Rachel Thornton", "Oluwaseun Adebayo", "José García", "Lakshmi Venkataraman"])
def test_one_person_is_one_surrogate_by_every_form_of_the_name(name: str) -> None:
    first, last = name.split()
    plain = {"José García": ("jose", "garcia")}.get(name, (first.lower(), last.lower()))
    draw = Surrogates(KEY, given={plain[0]}, family={plain[1]})
    given, family = draw("PERSON", name).split()
    assert draw("PERSON", first) == given
    assert draw("PERSON", last) == family
    assert draw("PERSON", f"{first[0]}. {last}") == f"{given[0]}. {family}"
    assert draw("PERSON", f"{first[0]}{last[0]}") == f"{given[0]}{family[0]}"
    assert draw("PERSON", f"{first[0]}.{last[0]}.") == f"{given[0]}.{family[0]}."
    small = (given.lower(), family.lower())
    for form, wanted in (
        (f"{plain[0]}.{plain[1]}", f"{small[0]}.{small[1]}"),
        (f"{plain[0]}_{plain[1]}", f"{small[0]}_{small[1]}"),
        (f"{plain[0][0]}.{plain[1]}", f"{small[0][0]}.{small[1]}"),
        (f"{plain[0][0]}{plain[1]}", f"{small[0][0]}{small[1]}"),
        (f"{plain[0]}{plain[1]}", f"{small[0]}{small[1]}"),
        (plain[0], small[0]),
    ):
        assert re.fullmatch(rf"{wanted}\d+@example\.(com|org|net)", draw("EMAIL_ADDRESS", f"{form}@acme.com")), form
        assert draw("USERNAME", form) == wanted
    assert draw("USERNAME", f"@{plain[0]}.{plain[1]}") == f"@{small[0]}.{small[1]}"
    # A positive control: another person of the family is another surrogate of one family.
    assert draw("PERSON", f"Ignatius {last}").split()[1] == family
    assert draw("PERSON", f"Ignatius {last}").split()[0] != given


def test_names_with_initials_are_known_without_anybody_knowing_the_person() -> None:
    draw = Surrogates(KEY)
    given, family = draw("PERSON", "Rachel Thornton").split()
    assert draw("PERSON", "R. Thornton") == f"{given[0]}. {family}"
    # Frequent first letters stay apart: Robert and Thomas are not taken for one another.
    assert len({draw("PERSON", f"{letter}. Thornton") for letter in "ABCDEFGHJKLMNPRST"}) == 17


def test_a_rare_given_name_is_known_from_the_whole_name() -> None:
    draw = Surrogates(KEY, given={"ignatius"}, family={"fotheringay"})
    assert draw("PERSON", "Ignatius Fotheringay").split() == [draw("PERSON", "Ignatius"), draw("PERSON", "Fotheringay")]


def test_a_surrogate_is_never_a_value_that_was_found() -> None:
    # Every name the lists hold is said to have been found, but a few.
    listed = [
        name for kind in ("first_names_female", "first_names_male") for each in names(kind).values() for name in each
    ]
    left = {name.lower() for name in listed[::20]}
    found = {name.lower() for name in listed} - left
    draw = Surrogates(KEY, names=found)
    for name in ("Anna", "Laura", "Peter", "Daniel"):
        assert draw("PERSON", name).lower() not in found
    everything = Surrogates(KEY, names={name.lower() for name in listed})
    assert everything("PERSON", "Anna").lower() not in {name.lower() for name in listed}


def test_a_surrogate_of_any_type_has_no_word_of_a_name_that_was_found() -> None:
    words = {"anna", "green", "michael", "smith", "jennifer", "johnson", "david", "williams", "mary", "brown"}
    shapes = {
        "STREET_ADDRESS": "{} Elm St, Troy, NY 12180", "EMAIL_ADDRESS": "a{}@x.org", "PERSON": "Ada {}x",
        "ORGANIZATION": "Firm {}", "LOCATION": "Place {}",
    }  # fmt: skip
    free, bound = Surrogates(KEY), Surrogates(KEY, names=words)
    drawn = {
        draw: {
            word.lower()
            for kind, shape in shapes.items()
            for number in range(700)
            for word in re.findall(r"[^\W\d_]+", draw(kind, shape.format(number)))
        }
        for draw in (free, bound)
    }
    assert not words & drawn[bound]
    assert words & drawn[free]


def test_two_values_have_two_surrogates() -> None:
    draw = Surrogates(KEY)
    values = [f"user{number}@mail.org" for number in range(2000)]
    assert len({draw("EMAIL_ADDRESS", value) for value in values}) == len(values)


def luhn(digits: str) -> int:
    return sum(sum(divmod(2 * int(d), 10)) if i % 2 else int(d) for i, d in enumerate(reversed(digits))) % 10


FORMS = [
    ("EMAIL_ADDRESS", "a@b.org", r"[a-z.]+\d+@example\.(com|org|net)"),
    ("CREDIT_CARD", "4111-1111-1111-1111", r"9999(-\d{4}){3}"),
    ("CREDIT_CARD", "378282246310005", r"9999\d{11}"),
    ("IBAN_CODE", "DE89 3704 0044 0532 0130 00", r"XX\d\d( \d{4}){4} \d\d"),
    ("BANK_ACCOUNT", "12345678", r"0\d{7}"),
    ("US_SSN", "123-45-6789", r"666-\d\d-\d{4}"),
    ("UK_NINO", "AB123456C", r"X[A-Z]\d{6}[A-Z]"),
    ("PASSPORT", "C01X00T47", r"X\d\d[A-Z]\d\d[A-Z]\d\d"),
    ("MEDICAL_RECORD", "MRN-0048213", r"X[A-Z]{2}-\d{7}"),
    ("IP_ADDRESS", "10.1.2.3", r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}"),
    ("IP_ADDRESS", "fe80::1", r"2001:db8:[0-9a-f]+::[0-9a-f]+"),
    ("MAC_ADDRESS", "3C:22:FB:9A:10:7E", r"02(:[0-9A-F]{2}){5}"),
    ("MAC_ADDRESS", "3c22.fb9a.107e", r"02[0-9a-f]{2}(\.[0-9a-f]{4}){2}"),
    ("PHONE_NUMBER", "(212) 736-5000", r"\([2-9]\d\d\) 555-01\d\d"),
    ("PHONE_NUMBER", "+1 212 736 5000", r"\+1 [2-9]\d\d 555 01\d\d"),
    ("PHONE_NUMBER", "+44 20 7946 1234", r"\+44 \d\d \d555 01\d\d"),
    ("PHONE_NUMBER", "736-5000", r"555-01\d\d"),
    ("VEHICLE_ID", "1HGCM82633A004352", r"0[A-Z]{4}\d{3}Q\d[A-Z]\d{6}"),
    ("DEVICE_ID", "490154203237518", r"0\d{14}"),
    ("DEVICE_ID", "123e4567-e89b-12d3-a456-426614174000", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("COORDINATES", "48.8584, 2.2945", r"-48\.\d{4}, -123\.\d{4}"),
    ("COORDINATES", "48°51'29.6\"N 2°17'40.2\"E", r"48°\d\d'\d\d\.\d\"S 123°\d\d'\d\d\.\d\"W"),
    ("ZIP_CODE", "85201", r"00[234]\d\d"),
    ("ZIP_CODE", "85201-1234", r"00[234]\d\d-\d{4}"),
    ("ZIP_CODE", "SW1A 2AA", r"ZZ0Z 0ZZ"),
    ("ZIP_CODE", "1012 AB", r"00\d\d ZZ"),
    ("DATE_OF_BIRTH", "1980-02-03", r"(19|20)\d\d-[01]\d-[0-3]\d"),
    ("DATE_OF_BIRTH", "3 February 1980", r"\d{1,2} [A-Z][a-z]+ (19|20)\d\d"),
    ("DATE_OF_BIRTH", "02/03/1980", r"[01]\d/[0-3]\d/(19|20)\d\d"),
    ("DATE_OF_BIRTH", "February 3, 1980", r"[A-Z][a-z]+ \d{1,2}, (19|20)\d\d"),
    ("STREET_ADDRESS", "12 Elm Street", r"\d+ [\w ']+"),
    ("STREET_ADDRESS", "12 Elm Street, Mesa, AZ 85201", r"\d+ [\w ']+, [\w ]+, [A-Z]{2} 00[234]\d\d"),
    ("SECRET", "sk-abcdef0123456789abcdef", r"secret-\d{10}"),
    ("PERSON", "J. R. Meyer", r"[A-Z]\. [A-Z]\. [A-Z][\w'-]+"),
    ("USERNAME", "rthornton84", r"[a-z]+\d\d"),
    ("URL", "https://www.linkedin.com/in/rachel-thornton", r"https://example\.org/[a-z]+-[a-z]+\d{7}"),
    ("URL", "acme.com/p?id=8", r"example\.org/\w*\d{7}"),
    ("ORGANIZATION", "Thornton GmbH", r"[A-Z]\w+ GmbH"),
    ("LOCATION", "Leeds", r"[A-Z]\w+"),
    ("LOCATION", "France", r"[A-Z].+"),
    ("NRP", "Dutch", r"[A-Z]\w+"),
    ("TITLE", "Mr.", r"Mx\."),
    ("TITLE", "plumber", r"[a-z][^A-Z]+"),
    ("DATE_TIME", "Tuesday", r"[A-Z]\w+day"),
    ("AGE", "34", r"(29|3[0-35-9])"),
    ("AGE", "thirty-four years old", r"\w+-\w+ years old"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "form"), FORMS)
def test_a_surrogate_has_the_form_of_its_value_and_belongs_to_nobody(kind: str, value: str, form: str) -> None:
    made = Surrogates(KEY, avoid={squash(value)})(kind, value)
    assert re.fullmatch(form, made), made
    assert fold(made) != fold(value)
    if kind == "CREDIT_CARD":
        assert luhn(re.sub(r"\D", "", made)) == 0


def test_every_type_has_a_surrogate_of_its_own() -> None:
    draw = Surrogates(KEY)
    for entity in ENTITIES:
        assert draw(entity, "AB12 34567 x") != "AB12 34567 x", entity


@pytest.mark.parametrize("entity", ["EMPLOYEE_ID", "DENIED"])
def test_a_value_of_a_users_own_type_is_replaced_in_its_layout(entity: str) -> None:
    made = Surrogates(KEY)(entity, "AB-1234 Falcon")
    assert re.fullmatch(r"[A-Z]{2}-\d{4} [A-Z][a-z]{5}", made)
    assert made != "AB-1234 Falcon"


def test_a_name_that_passed_for_a_user_name_keeps_its_capital() -> None:
    draw = Surrogates(KEY)
    assert draw("USERNAME", "Rachel") == draw("PERSON", "Rachel")
    assert draw("USERNAME", "rachel") == draw("PERSON", "rachel").lower()


@pytest.mark.parametrize(
    ("kind", "value", "check"),
    [
        ("DEVICE_ID", "490154203237518", imei.is_valid),
        ("DE_TAX_ID", "36574261809", idnr.is_valid),
        ("FR_NIR", "295109912611193", nir.is_valid),
    ],
)
def test_a_surrogate_of_a_number_with_a_check_digit_fails_it(kind: str, value: str, check: object) -> None:
    assert callable(check)
    assert check(value)
    draws = [Surrogates(bytes([number]) * 16)(kind, value) for number in range(100)]
    assert not any(check(made) for made in draws)


def test_dates_of_a_record_move_together() -> None:
    draw = Surrogates(KEY)
    dates = ["2024-03-01", "2024-03-11", "2024-12-31"]
    moved = [draw("DATE_TIME", date, "a/1") for date in dates]
    assert [fromordinal(late) - fromordinal(moved[0]) for late in moved] == [0, 10, 305]
    assert moved[0] != dates[0]
    assert any(draw("DATE_TIME", dates[0], f"a/{number}") != moved[0] for number in range(5))
    assert draw("DATE_TIME", "March 11, 2024", "a/1") != "March 11, 2024"


def fromordinal(date: str) -> int:
    import datetime

    return datetime.date.fromisoformat(date).toordinal()
