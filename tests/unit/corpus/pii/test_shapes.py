"""What a model of words finds must have the shape of its type; figures of history keep their names."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cleo_model.corpus.pii.detector import Detector, covered
from cleo_model.corpus.pii.entities import ENTITIES
from cleo_model.corpus.pii.figures import is_figure
from cleo_model.corpus.pii.find import Find, needed
from cleo_model.corpus.pii.policy import MaskingPolicy
from cleo_model.corpus.pii.shapes import SHAPES, Shaped

pytestmark = pytest.mark.unit


class Whole:
    """A finder that takes each text whole for a value of its type."""

    name = "whole"

    def __init__(self, entity: str, score: float = 1.0) -> None:
        self.entity, self.score = entity, score

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        return [[Find(0, len(text), self.entity, self.score, self.name)] for text in texts]


@pytest.mark.parametrize(
    ("entity", "believed", "not_believed"),
    [
        ("PHONE_NUMBER", "9472 7916", "13 21 34"),
        ("PHONE_NUMBER", "06 12 34 56 78", "8 13 21 34 55 89 144 233"),
        ("CREDIT_CARD", "4539 1488 0343 6468", "785"),
        ("CREDIT_CARD", "4539148803436467", "3602879701896397"),
        ("PHONE_NUMBER", "x 4021", "4021"),
        ("STREET_ADDRESS", "Hauptstr. 12 - 14", "Lakewood 82 – 75"),
        ("IBAN_CODE", "DE89 3704 0044", "1663 14996"),
        ("SECRET", "hunter2", "4127"),
        ("USERNAME", "rachel", "@-@ year"),
        ("URL", "kiosk.example", "SKIPPPPPPPP"),
        ("ZIP_CODE", "9100", "70"),
        ("DATE_TIME", "5 May", "next week"),
        ("DATE_TIME", "Friday", "yesterday"),
        ("SECRET", "a1B2c3", "NextToBlow"),
        ("STREET_ADDRESS", "12 Hill St", "Ps 4"),
        ("DATE_TIME", "5/3/2021 4:07 pm", "4:07 pm"),
        ("VEHICLE_ID", "7ABC123", "7039"),
        ("MAC_ADDRESS", "3c:22:fb:9a:10:4e", "1 : 23"),
        ("AGE", "44", "4400"),
        ("STREET_ADDRESS", "Kirchstr. 2311", "page 2311"),
        ("STREET_ADDRESS", "10115", "2311"),
        ("STREET_ADDRESS", "Building 4, 7 Mill Lane", "building 701"),
        ("PHONE_NUMBER", "2402 13718", "2402.13718"),
        ("COORDINATES", "48.13718", "2402.13718"),
        ("USERNAME", "wang2024", "wang2024benchmark"),
        ("USERNAME", "@rachel", "@misc"),
        ("USERNAME", "page99", "page"),
        ("USERNAME", "h.rezvani", "polynomial.chebyshev("),
        ("SECRET", "hunter2.x", "numpy.polynomial.chebyshev.chebpts2"),
        ("USERNAME", "80211", "2311"),
        ("PERSON", "Anna Welsh", "Welsh"),
        ("URL", "https://huggingface.co/rachel", "https://huggingface.co/gpt2-medium"),
        ("EMAIL_ADDRESS", "anna@build.corp.lan", "admin@build.corp.lan"),
        ("EMAIL_ADDRESS", "admin@kiosk.org", "deploy@node1.internal"),
        ("IP_ADDRESS", "10.1.2.3", "S 152"),
    ],
)
def test_a_find_is_believed_by_its_shape(entity: str, believed: str, not_believed: str) -> None:
    good, bad = Shaped(Whole(entity)).find([believed, not_believed])
    assert [find.entity for find in good] == [entity]
    assert bad == []
    assert set(SHAPES) <= set(ENTITIES)


def test_a_find_in_a_mail_address_is_all_of_it_or_none_of_it() -> None:
    class Part:
        name = "part"

        def find(self, texts: Sequence[str]) -> list[list[Find]]:
            return [
                [Find(3, text.index(".lan"), "EMAIL_ADDRESS"), Find(text.index("lan"), len(text), "USERNAME")]
                for text in texts
            ]

    anna, admin = Shaped(Part()).find(["to anna@build.corp.lan", "to admin@build.corp.lan"])
    assert [(find.start, find.end, find.entity) for find in anna] == [(3, 22, "EMAIL_ADDRESS")]
    assert admin == []


def test_what_is_too_long_for_its_shape_is_believed_in_its_parts() -> None:
    (finds,) = Shaped(Whole("CREDIT_CARD")).find(["4539 1488 0343 6468 4539 1488"])
    assert set(range(19)) <= set(covered(finds))
    (finds,) = Shaped(Whole("PHONE_NUMBER")).find(["415 555 2671\n212 736 5041"])
    assert covered(finds) == {*range(12), *range(13, 25)}


def test_a_find_within_a_likelier_one_is_not_needed_unless_the_profile_masks_it_alone() -> None:
    person, place, code = Find(0, 9, "PERSON"), Find(0, 9, "LOCATION"), Find(4, 9, "ZIP_CODE")
    assert needed([person, place, code], 9) == [person]
    assert needed([place, code], 9) == [place, code]


def test_a_doubtful_find_is_believed_only_of_what_identifies_by_itself() -> None:
    for entity, believed in (("PERSON", 1), ("ORGANIZATION", 0), ("TITLE", 0), ("LOCATION", 0)):
        assert len(Shaped(Whole(entity, 0.6)).find(["Rialto Gonda"])[0]) == believed
        assert len(Shaped(Whole(entity, 0.95)).find(["Rialto Gonda"])[0]) == 1


def test_a_street_without_a_house_is_a_place_and_small_words_are_no_part_of_one() -> None:
    finder = Shaped(Whole("STREET_ADDRESS"))
    assert [finds[0].entity for finds in finder.find(["12 Front Street", "South Warren Street", "Route 29"])] == [
        "STREET_ADDRESS",
        "LOCATION",
        "LOCATION",
    ]
    (finds,) = Shaped(Whole("LOCATION")).find(["the Netherlands"])
    assert (finds[0].start, finds[0].end) == (4, 15)


def test_a_figure_of_history_keeps_its_name_and_others_do_not() -> None:
    names = ["Abraham Lincoln", "President Lincoln", "Ada Lovelace’s", "Lord Kelvin", "Rachel Lincoln", "Ada Obi"]
    assert [is_figure(name) for name in names] == [True, False, True, True, False, False]
    found = Detector(MaskingPolicy(), finders=[Whole("PERSON")]).find(["Isaac Newton", "Isaac Okafor"])
    assert [len(finds) for finds in found] == [0, 1]


@pytest.mark.parametrize(
    ("value", "believed", "left"),
    [
        ("Zhang Wei", "PERSON", "Zhang Wei"),
        ("Priyanka Deshpande's", "PERSON", "Priyanka Deshpande"),
        ("Zhang Quxzy's", "PERSON", "Zhang Quxzy"),
        ("Zhang Quxzy", "ORGANIZATION", "Zhang Quxzy"),
        ("Taco Bell's", "ORGANIZATION", "Taco Bell's"),
        ("Virginia Beach", "ORGANIZATION", "Virginia Beach"),
    ],
)
def test_a_place_or_firm_with_the_name_of_a_person_is_one(value: str, believed: str, left: str) -> None:
    ((find,),) = Shaped(Whole("ORGANIZATION")).find([value])
    assert (find.entity, value[find.start : find.end]) == (believed, left)
