"""Which told facts a question asks for, in each language; nothing where it asks for something else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cleo_memory.formation import RuleExtractor, Turn, answers_to, asked_for, may_renew, outdated
from cleo_memory.records import FORMATION, Kind, Record

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def told(*messages: str, learned: bool = True) -> list[Record]:
    """What is told by messages, an hour between them: as learned of turns, or as handed in without a slot."""
    made = []
    for hours, message in enumerate(messages):
        at = NOW - timedelta(hours=len(messages) - hours)
        if not learned:
            made.append(record(message, at))
        for fact in RuleExtractor().read(Turn(message, at)).facts if learned else ():
            made.append(record(fact.content, at, key=fact.slot, value=fact.value))
    return made


def record(content: str, at: datetime, key: str | None = None, value: str | None = None) -> Record:
    origin = {} if value is None else {"source": FORMATION, "value": value}
    return Record(
        id=f"{at:%H}-{key}",
        kind=Kind.EPISODIC,
        content=content,
        created_at=at,
        valid_from=at,
        key=key,
        provenance=origin,
    )


FACTS = [
    ("I moved from Lyon to Porto in May.", "Where do I live?"),
    ("I've relocated to Aberdeen.", "Which town do I live in now?"),
    ("I earn my living as a plumber.", "What do I do for a living?"),
    ("I'm allergic to latex.", "Any allergies I have? What am I allergic to?"),
    ("My greyhound is called Saffron.", "What's my dog's name?"),
    ("I drive a Skoda.", "Which car do I drive?"),
    ("I'm learning the cello.", "Which instrument am I learning?"),
    ("Mein Dackel heißt Waldi.", "Wie heißt mein Hund?"),
    ("Mon teckel s'appelle Coco.", "Comment s'appelle mon teckel ?"),
    ("Mi gata se llama Canela.", "¿Cómo se llama mi gata?"),
    ("We hebben een schildpad genaamd Turbo.", "Hoe heet onze schildpad?"),
    ("Il mio gatto si chiama Birillo.", "Come si chiama il mio gatto?"),
    ("O meu gato chama-se Tobias.", "Como se chama o meu gato?"),
    ("Mein Geburtstag ist der 9. Februar.", "Wann habe ich Geburtstag?"),
    ("Mon anniversaire est le 9 février.", "C'est quand, mon anniversaire ? Quand est mon anniversaire ?"),
    ("Mi cumpleaños es el 9 de febrero.", "¿Cuándo es mi cumpleaños?"),
    ("Mijn verjaardag is op 9 februari.", "Wanneer ben ik jarig?"),
    ("Il mio compleanno è il 9 febbraio.", "Quando è il mio compleanno?"),
    ("Ich bin nach Erfurt umgezogen.", "Wo wohne ich?"),
    ("Ich arbeite als Optikerin.", "Was ist mein Beruf?"),
    ("Ich bin allergisch gegen Haselnüsse.", "Wogegen bin ich allergisch?"),
    ("J'ai déménagé à Angers.", "Où est-ce que j'habite maintenant ?"),
    ("Je travaille comme opticienne.", "Quelle est ma profession ?"),
    ("Me mudé a Burgos.", "¿Dónde vivo?"),
    ("Trabajo de óptico.", "¿A qué me dedico?"),
    ("Ik ben naar Assen verhuisd.", "Waar woon ik?"),
    ("Ik werk als opticien.", "Wat voor werk doe ik?"),
    ("Mi sono trasferito a Lecce.", "Dove abito adesso?"),
    ("Lavoro come ottico.", "Che lavoro faccio?"),
    ("Moro em Braga.", "Onde é que eu vivo?"),
]


@pytest.mark.parametrize(("message", "question"), FACTS)
@pytest.mark.parametrize("learned", [True, False])
def test_a_fact_answers_a_question_that_shares_no_word_with_it(message: str, question: str, learned: bool) -> None:
    others = ("My sister is called Ines.", "I love espresso.")
    found = answers_to(question, told(others[0], message, others[1], learned=learned))
    assert [each.content.strip(".") for each in found.records] == [message.strip(".")]
    assert found.whole


@pytest.mark.parametrize(
    "question",
    [
        "Where does Anna live?",
        "What does the Python function len do?",
        "What is my purpose?",
        "Which city did the Romans found on the Seine?",
        "Where do penguins live?",
        "Wo wohnt Anna?",
        "asdf qwer",
        "Was ist ein Gerundium?",
        "Pour qui devrais-je voter ?",
    ],
)
def test_what_asks_for_nothing_of_the_user_is_answered_by_no_fact(question: str) -> None:
    facts = told("I moved to Porto.", "I work as a nurse.", "Je travaille pour Renault.", "My dog is called Biscuit.")
    assert len(facts) == 4
    assert answers_to(question, facts).records == ()


def test_of_a_slot_the_newest_answers_and_of_several_truths_each() -> None:
    homes = told("I live in Lyon.", "I moved to Porto last month.", learned=False)
    assert [each.content for each in answers_to("Where do I live?", homes).records] == ["I moved to Porto last month."]
    allergies = told("I'm allergic to nuts.", "I'm allergic to cats.")
    assert len(answers_to("What am I allergic to?", allergies).records) == 2


def test_a_name_that_is_asked_for_is_not_that_of_another() -> None:
    names = told("My dog is called Biscuit.", "My sister is called Ines.", "My name is Ada.")
    for question, name in (
        ("Who is my sister?", "Ines"),
        ("What is my dog called?", "Biscuit"),
        ("What's my name?", "Ada"),
    ):
        (found,) = answers_to(question, names).records
        assert name in found.content


def test_a_question_for_more_than_a_slot_leaves_room_for_other_facts() -> None:
    home = told("I live in Porto.")
    asked = "Where do I live, and which museums there are open on a Monday if it rains in the afternoon?"
    found = answers_to(asked, home)
    assert found.records
    assert not found.whole
    assert asked_for("word " * 100 + "where do I live?") is None


def test_a_statement_is_outdated_when_its_slot_holds_something_told_later() -> None:
    now = told("I sold the Mini.", "My car is a Honda.")
    assert outdated("My car is a Mini.", NOW - timedelta(days=2), now)
    assert not outdated("My car is a Honda.", NOW - timedelta(days=2), now)
    assert not outdated("My car is a Mini.", NOW, now)  # told after it
    assert not outdated("My car is a Mini and my dog is called Biscuit.", NOW - timedelta(days=2), now)
    assert not outdated("What a day!", NOW - timedelta(days=2), now)


@pytest.mark.parametrize(
    ("question", "statement", "anew"),
    [
        ("Where do I live?", "I have settled over in Ghent for good.", True),
        ("Where do I live?", "I swapped the old flat for one by the sea.", True),
        ("Where do I live?", "My mate Lewis still lives in Sheffield.", False),
        ("Where do I live?", "I have a dog called Pixel.", False),
        ("Wo wohne ich?", "Meine Tante wohnt noch in Gera.", False),
        ("Wie heiße ich?", "Ich habe einen Dackel, er heißt Waldi.", False),
    ],
)
def test_only_what_may_say_the_answer_anew_stands_beside_it(question: str, statement: str, anew: bool) -> None:
    assert may_renew(question, statement) is anew
