"""Surrogates: the same for the same value and key, of the same form, and never a value that was found."""

from __future__ import annotations

import re

import pytest

from cleo_model.corpus.pii.surrogates import Surrogates, fold

pytestmark = pytest.mark.unit

KEY = b"k" * 32


def test_a_value_keeps_its_surrogate_in_any_case_and_spacing() -> None:
    draw = Surrogates(KEY, [])
    assert draw("EMAIL_ADDRESS", "Anna@x.org") == draw("EMAIL_ADDRESS", "ANNA@X.ORG")
    assert draw("PERSON", "Anna  Meyer") == draw("PERSON", "Anna Meyer")
    assert Surrogates(KEY, [])("PERSON", "Anna Meyer") == draw("PERSON", "Anna Meyer")


def test_another_key_or_scope_gives_another_surrogate() -> None:
    names = [f"Anna Name{chr(97 + number)}" for number in range(20)]
    one = [Surrogates(KEY, [])("PERSON", name) for name in names]
    assert one != [Surrogates(b"j" * 32, [])("PERSON", name) for name in names]
    assert one != [Surrogates(KEY, [], scope="other")("PERSON", name) for name in names]


def test_a_person_stays_the_same_person_when_called_by_one_name() -> None:
    draw = Surrogates(KEY, [])
    whole = draw("PERSON", "Laura van Dijkstra")
    given, family = draw("PERSON", "Laura"), draw("PERSON", "Dijkstra")
    assert whole == f"{given} van {family}"
    assert draw("PERSON", "LAURA DIJKSTRA") == f"{given} {family}".upper()


def test_a_rare_given_name_is_known_from_the_whole_name() -> None:
    draw = Surrogates(KEY, [("PERSON", "Ignatius Fotheringay"), ("PERSON", "Ignatius")])
    assert draw("PERSON", "Ignatius Fotheringay").split() == [draw("PERSON", "Ignatius"), draw("PERSON", "Fotheringay")]


def test_a_surrogate_is_never_a_value_that_was_found() -> None:
    # Every name the generator may draw but a few is said to have been found.
    from faker.providers.person.en_US import Provider

    given = list(Provider.first_names)
    found = [("PERSON", name) for name in given[20:]]
    draw = Surrogates(KEY, found)
    left = {fold(name) for name in given[:20]} | {fold(name) for name in given if len(name) <= 2}
    drawn = {fold(draw("PERSON", name)) for name in ("Anna", "Laura", "Peter", "Daniel")}
    assert drawn <= left


def test_two_values_have_two_surrogates() -> None:
    draw = Surrogates(KEY, [])
    values = [f"user{number}@mail.org" for number in range(2000)]
    assert len({draw("EMAIL_ADDRESS", value) for value in values}) == len(values)


def luhn(digits: str) -> int:
    return sum(sum(divmod(2 * int(d), 10)) if i % 2 else int(d) for i, d in enumerate(reversed(digits))) % 10


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("EMAIL_ADDRESS", "a@b.org", r"[a-z.]+\d+@example\.(com|org|net)"),
        ("CREDIT_CARD", "4111-1111-1111-1111", r"9999(-\d{4}){3}"),
        ("CREDIT_CARD", "378282246310005", r"9999\d{11}"),
        ("IBAN_CODE", "DE89 3704 0044 0532 0130 00", r"XX\d\d( \d{4}){4} \d\d"),
        ("US_SSN", "123-45-6789", r"666-\d\d-\d{4}"),
        ("IP_ADDRESS", "10.1.2.3", r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}"),
        ("IP_ADDRESS", "fe80::1", r"2001:db8:[0-9a-f]+::[0-9a-f]+"),
        ("PHONE_NUMBER", "(212) 736-5000", r"\([2-9]\d\d\) 555-01\d\d"),
        ("PHONE_NUMBER", "+1 212 736 5000", r"\+1 [2-9]\d\d 555 01\d\d"),
        ("PHONE_NUMBER", "+44 20 7946 1234", r"\+44 \d\d \d555 01\d\d"),
        ("PHONE_NUMBER", "736-5000", r"555-01\d\d"),
        ("DATE_OF_BIRTH", "1980-02-03", r"(19|20)\d\d-[01]\d-[0-3]\d"),
        ("DATE_OF_BIRTH", "3 February 1980", r"\d{1,2} [A-Z][a-z]+ (19|20)\d\d"),
        ("DATE_OF_BIRTH", "02/03/1980", r"[01]\d/[0-3]\d/(19|20)\d\d"),
        ("DATE_OF_BIRTH", "February 3, 1980", r"[A-Z][a-z]+ \d{1,2}, (19|20)\d\d"),
        ("STREET_ADDRESS", "12 Elm Street", r"\d+ [\w ']+"),
        ("STREET_ADDRESS", "12 Elm Street, Mesa, AZ 85201", r"\d+ [\w ']+, [\w ]+, [A-Z]{2} \d{5}"),
        ("SECRET", "sk-abcdef0123456789abcdef", r"secret-\d{10}"),
        ("PERSON", "J. R. Meyer", r"[A-Z]\. [A-Z]\. [A-Z][\w'-]+"),
    ],
)
def test_a_surrogate_has_the_form_of_its_value_and_belongs_to_nobody(kind: str, value: str, form: str) -> None:
    made = Surrogates(KEY, [(kind, value)])(kind, value)
    assert re.fullmatch(form, made), made
    assert fold(made) != fold(value)
    if kind == "CREDIT_CARD":
        assert luhn(re.sub(r"\D", "", made)) == 0


def test_a_surrogate_of_any_type_has_no_word_of_a_name_that_was_found() -> None:
    found = ["Anna Green", "Michael Smith", "Jennifer Johnson", "David Williams", "Mary O'Brown"]
    draw = Surrogates(KEY, [("PERSON", name) for name in found])
    words = {word.lower() for name in found for word in re.findall(r"\w{3,}", name)}
    shapes = {"STREET_ADDRESS": "{} Elm St, Troy, NY 12180", "EMAIL_ADDRESS": "a{}@x.org", "PERSON": "Ada {}x"}
    for kind, shape in shapes.items():
        drawn = [draw(kind, shape.format(number)) for number in range(700)]
        assert not words & {word.lower() for made in drawn for word in re.findall(r"[^\W\d_]+", made)}
        free = (
            [Surrogates(KEY, [])(kind, shape.format(number)) for number in range(700)] if kind != "PERSON" else ["Anna"]
        )
        assert words & {word.lower() for made in free for word in re.findall(r"[^\W\d_]+", made)}
