"""Words, dates and answer types of texts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_memory.search.dates import date_terms_of, query_date_terms
from cleo_memory.search.languages import language_of
from cleo_memory.search.related import related
from cleo_memory.search.sentences import sentences
from cleo_memory.search.text import (
    CHANGE,
    NAME,
    NUMBER,
    TIME,
    answer_types,
    expected_answer_types,
    question_share,
    sameness,
    words,
)

pytestmark = pytest.mark.unit

MONDAY = datetime(2023, 5, 8, 13, 56, tzinfo=UTC).timestamp()


def test_words_are_folded_stemmed_and_freed_of_stop_words() -> None:
    assert words("The Runners' running-shoes") == words("runner RUN shoe")
    assert words("Zoë’s CAFÉ") == words("zoe cafe")
    assert words("what did you do to it?") == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("私は東京に住んでいます", "東京駅"),
        ("我把代码都放在GitHub上", "github"),
        ("我把代码都放在 ＧｉｔＨｕｂ 上", "GitHub"),
        ("我养了一只猫", "猫"),
        ("우리 강아지 이름은 비스킷이에요", "강아지는 어디"),
        ("집에 있어요", "집"),
        ("หมาของฉันชื่อบิสกิต", "หมาชื่ออะไร"),
        ("ฉันใช้GitHubทุกวัน", "github"),
        ("मेरा कुत्ता भूरा है", "कुत्ता"),
        ("ｶﾌｪで会った", "カフェ"),
    ],
)
def test_a_word_is_found_in_any_script_and_beside_another(text: str, asked: str) -> None:
    assert set(words(asked)) & set(words(text))


def test_signs_that_look_alike_in_pieces_stay_apart() -> None:
    assert not set(words("がん")) & set(words("かん")) - {"ん"}
    assert not set(words("강")) & set(words("감"))
    assert not set(words("कि")) & set(words("की"))


@pytest.mark.parametrize(
    ("language", "text", "stem"),
    [
        ("german", "Meine Schwester hat in Dublin geheiratet", "geheirat"),
        ("french", "Je travaille dans les hôpitaux", "hopital"),
        ("spanish", "Trabajo con mis hermanas", "herman"),
        ("dutch", "Ik werk met mijn zussen", "zus"),
        ("english", "I work with my sisters", "sister"),
    ],
)
def test_words_are_stemmed_in_the_language_of_their_text(language: str, text: str, stem: str) -> None:
    assert language_of(text.lower().split()) == language
    assert stem in words(text)


def test_what_says_the_same_is_the_same_and_a_not_or_a_number_is_not() -> None:
    one = sameness("My dog is called Biscuit.", None)
    assert one == sameness("my dog's called  BISCUIT!", "user") == sameness("Well, my dog is called Biscuit", None)
    assert one != sameness("My dog is called Biscuit.", "Ann")
    assert sameness("I like fish", None) != sameness("I do not like fish", None)
    assert sameness("The train is at 7:40", None) != sameness("The train is at 7:45", None)
    assert sameness("🎉", None) != sameness("🎂", None)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("I went yesterday", "d:2023-05-07"),
        ("tomorrow we leave", "d:2023-05-09"),
        ("last Friday was fun", "d:2023-05-05"),
        ("next friday", "d:2023-05-12"),
        ("two days ago", "d:2023-05-06"),
        ("a couple of weeks ago", "m:2023-04"),
        ("last month", "m:2023-04"),
        ("six months ago", "m:2022-11"),
        ("last year", "y:2022"),
        ("on 3rd of June, 2024", "d:2024-06-03"),
        ("Sept. 5", "d:2023-09-05"),
        ("born 1999-12-31", "d:1999-12-31"),
        ("nothing dated", "d:2023-05-08"),
    ],
)
def test_a_relative_or_written_date_becomes_the_day_it_means(text: str, mark: str) -> None:
    assert mark in set(date_terms_of(text, MONDAY))


def test_the_verb_may_is_no_month() -> None:
    assert list(query_date_terms("may I go", None)) == []
    assert list(query_date_terms("in May 2023", None)) == ["m:2023-05"]
    assert list(query_date_terms("What happened yesterday?", MONDAY)) == ["d:2023-05-07"]


@given(st.text(max_size=200), st.floats(allow_nan=True, allow_infinity=True) | st.none())
def test_no_text_and_no_time_breaks_the_analysis(text: str, at: float | None) -> None:
    assert all(":" in mark for mark in date_terms_of(text, at))
    assert 0 <= question_share(text) <= 1
    assert 0 <= answer_types(text) <= 15
    words(text)


def test_answer_types_meet_what_a_question_asks_for() -> None:
    assert expected_answer_types("When did it end?") & answer_types("It ended last week.") == TIME
    assert expected_answer_types("How many cats has she?") & answer_types("She has two cats.") == NUMBER
    assert expected_answer_types("Who came?") & answer_types("It was Ann, then Bob.") == NAME
    assert expected_answer_types("Why did it end?") == 0
    assert answer_types("it rained") == 0
    assert answer_types("I moved to Porto") & CHANGE
    assert answer_types("Ich bin umgezogen") & CHANGE


def test_a_question_asks_and_a_statement_tells() -> None:
    assert question_share("How are you? And the kids?") == 1
    assert question_share("I am well. You?") == 0.5
    assert question_share("I am well.") == 0
    assert question_share("元気？") == 1
    assert question_share("元気です。") == 0


def test_related_words_are_by_stem_and_never_the_word_itself() -> None:
    assert words("jogging")[0] in related(words("running")[0])
    assert all(word not in related(word) for word in ("run", "activ", "music"))
    assert related("xqzzy") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I saw Dr. Lind on 5. Mai. She is kind!", ["I saw Dr. Lind on 5. Mai.", "She is kind!"]),
        ('He said "no." Then he left…  Why?', ['He said "no."', "Then he left…", "Why?"]),
        ("My number is 5.\nMai likes it", ["My number is 5.", "Mai likes it"]),
        ("私は東京に住んでいます。猫が好きですか？はい。", ["私は東京に住んでいます。", "猫が好きですか？", "はい。"]),
        ("أين تعيش؟ في بورتو.", ["أين تعيش؟", "في بورتو."]),
        ("J. Smith came; nobody else did", ["J. Smith came;", "nobody else did"]),
        (" \n ", []),
    ],
)
def test_a_sentence_ends_where_its_script_ends_it(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected
