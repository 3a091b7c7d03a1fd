"""What the rules read out of a turn, and what they leave."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cleo_memory.formation import Extraction, Fact, RuleExtractor, Turn, command_of, means_everything
from cleo_memory.formation.rules import is_secret
from cleo_memory.records import Kind

pytestmark = pytest.mark.unit
TOLD = datetime(2026, 11, 30, 12, tzinfo=UTC)


def read(text: str) -> Extraction:
    return RuleExtractor().read(Turn(text, TOLD))


def slots(text: str) -> dict[str, str]:
    return {fact.slot: fact.value for fact in read(text).facts}


def only(text: str) -> Fact:
    (fact,) = read(text).facts
    return fact


@pytest.mark.parametrize(
    ("said", "slot", "value"),
    [
        ("Hi there, I'm Hannah.", "name", "Hannah"),
        ("Evening. The name's Barnaby.", "name", "Barnaby"),
        ("I've got a greyhound at home. Her name is Saffron.", "greyhound.name", "Saffron"),
        ("Strawberries give me hives.", "allergy.strawberries", "Strawberries"),
        ("My driving test has been moved to 2 April.", "plan.driving-test", "2 April"),
        ("I wear size 11 shoes.", "shoe-size", "11"),
        ("I traded the Mini in for a Honda Jazz.", "vehicle", "Honda Jazz"),
        ("My brother-in-law Kwame is a pilot.", "brother-in-law.name", "Kwame"),
        ("I'm training to be a midwife.", "work.job", "midwife"),
        ("Gegen Bienenstiche bin ich allergisch.", "allergy.bienenstiche", "Bienenstiche"),
        ("Milch vertrage ich nicht.", "allergy.milch", "Milch"),
        ("Den Passat habe ich verkauft, jetzt fahre ich einen Skoda.", "car", "Skoda"),
        ("Ich backe jedes Wochenende Brot.", "hobby.brot", "Brot"),
        ("Bonsoir, on m'appelle Gaspard.", "name.preferred", "Gaspard"),
        ("Je suis boulanger à Nîmes.", "work.job", "boulanger"),
        ("Je ne digère pas le lait.", "allergy.lait", "lait"),
        ("La leche me sienta mal.", "allergy.leche", "leche"),
        ("Desde esta semana vivo en Cádiz.", "home.city", "Cádiz"),
        ("Ik bak elk weekend brood.", "hobby.brood", "brood"),
        ("Sono un'ostetrica.", "work.job", "ostetrica"),
        ("my name is ana", "name", "ana"),
        ("We have a kitten named Miso.", "cat.name", "Miso"),
        ("I live in Bergen with my sister.", "home.city", "Bergen"),
        ("I'm allergic to shellfish, sadly.", "allergy.shellfish", "shellfish"),
        ("I have a severe peanut allergy.", "allergy.peanut", "peanut"),
        ("I don't eat pork.", "diet.pork", "pork"),
        ("Since March I've been working as a data analyst.", "work.job", "data analyst"),
        ("My flight to Oslo leaves on 8 September.", "plan.flight", "8 September"),
        ("My favorite food is ramen.", "favourite.food", "ramen"),
        ("I can't stand cilantro.", "dislike.cilantro", "cilantro"),
        ("I recently switched jobs and now work at Nimbus.", "work.employer", "Nimbus"),
        ("I have been a vegetarian since 2015.", "diet", "vegetarian"),
        ("I left Acme last week and started at Globex on Monday.", "work.employer", "Globex"),
        ("Bonjour ! Je suis Léa.", "name", "Léa"),
        ("Ich heiße Jonas.", "name", "Jonas"),
        ("Ich wohne nicht mehr in Berlin, sondern in Köln.", "home.city", "Köln"),
        ("J'ai un nouveau travail chez Orange.", "work.employer", "Orange"),
        ("In Hamburg gefällt es mir; seit März wohne ich in Hamburg.", "home.city", "Hamburg"),
        ("Wir haben einen Hund, der Rocky heißt.", "dog.name", "Rocky"),
        ("Mein Geburtstag ist am 12. Mai.", "birthday", "12. Mai"),
        ("Je suis allergique aux crevettes.", "allergy.crevettes", "crevettes"),
        ("J'ai un chien qui s'appelle Médor.", "dog.name", "Médor"),
        ("Mi cumpleaños es el 21 de febrero.", "birthday", "21 de febrero"),
        ("No como carne.", "diet.carne", "carne"),
        ("Ik ben allergisch voor walnoten.", "allergy.walnoten", "walnoten"),
        ("Mijn zus heet Fleur.", "sister.name", "Fleur"),
        ("Mijn zoon heet Bram.", "son.name", "Bram"),
        ("I'm a diabetic.", "health.diabetic", "diabetic"),
        ("I no longer eat meat.", "diet.meat", "meat"),
        ("Mi chiamo Giulia.", "name", "Giulia"),
        ("Preferisco il tè al caffè.", "like.te", "tè"),
        ("Meu cachorro se chama Pipoca.", "dog.name", "Pipoca"),
        ("Sou alérgica a amendoim.", "allergy.amendoim", "amendoim"),
    ],
)
def test_what_a_user_tells_of_themselves_is_read_in_seven_languages(said: str, slot: str, value: str) -> None:
    assert slots(said) == {slot: value}


@pytest.mark.parametrize(
    "said",
    [
        "What did Christophe order?",
        "I was made redundant.",
        "I often feel tired.",
        "Ich denke jeden Tag daran.",
        "Das kostet jede Woche Zeit.",
        "Lavoro ogni giorno.",
        "My colleague Priya lives in Dublin.",
        "Do I live in Rome?",
        "Can you tell me what my dog is called?",
        "If I had a dog I would call it Rex.",
        "I wish I lived in Rome.",
        "I don't have a dog.",
        "I'm not allergic to anything.",
        "Anna said she likes green tea.",
        "Anna says I love green tea.",
        "My brother's cat is called Tom.",
        "My neighbour is allergic to cats.",
        "I used to live in Rome.",
        "I feel like I live in Paris sometimes.",
        "I'm Batman, just kidding.",
        "I'm tired of living in Rome.",
        "My train is 20 minutes late.",
        "Translate this: My name is Paul and I live in Rome.",
        'Correct the sentence "I am living in Berlin since two years" for me.',
        "> I live in Berlin",
        "[1] 7 May 2023, user: I live in Berlin.",
        "Paul: I live in Rome.",
        "Pretend my name is Jack.",
        "I'm tired.",
        "I love your answer!",
        "I have a question about taxes.",
        "My day was great.",
        "My password is hunter2.",
        "Wenn ich einen Hund hätte, würde ich ihn Bello nennen.",
        "Peter hat gesagt, dass er gern Jazz hört.",
        "Ich bin müde und habe Hunger.",
        "Marc m'a dit qu'il aime le rugby.",
        "Si j'avais un chien, je l'appellerais Rex.",
        "Mi prima dice que le gusta el ajedrez.",
        "Tengo hambre.",
        "Als ik een kat had, zou ik hem Felix noemen.",
        "Tom zei dat hij van voetbal houdt.",
        "Se avessi un gatto, lo chiamerei Birba.",
        "Marco ha detto che gli piace il tennis.",
    ],
)
def test_questions_conditions_reports_and_other_peoples_facts_are_none_of_the_user(said: str) -> None:
    assert read(said) == Extraction()


def test_a_report_of_another_does_not_hide_what_the_user_adds() -> None:
    assert slots("Anna says she lives in Oslo, but I live in Bergen.") == {"home.city": "Bergen"}


def test_each_clause_of_a_sentence_is_a_fact_of_its_own_words() -> None:
    found = read("My name is Ana, I live in Porto and I'm a nurse.").facts
    assert [fact.content for fact in found] == ["My name is Ana", "I live in Porto", "I'm a nurse."]
    assert [fact.value for fact in found] == ["Ana", "Porto", "nurse"]


def test_one_thing_told_in_six_ways_is_one_slot_with_one_value() -> None:
    ways = (
        "My dog is called Biscuit.",
        "I have a dog named Biscuit.",
        "Biscuit is my dog.",
        "my dog's name is Biscuit",
        "We adopted a puppy called Biscuit.",
        "Our dog Biscuit is asleep.",
    )
    assert {(fact.slot, fact.value) for way in ways for fact in read(way).facts} == {("dog.name", "Biscuit")}


@pytest.mark.parametrize(
    "said",
    [
        "I moved from Lyon to Porto in May.",
        "Ich bin im Mai von Lyon nach Porto gezogen.",
        "J'ai déménagé de Lyon à Porto en mai.",
        "Me mudé de Lyon a Porto en mayo.",
        "Ik ben in mei van Lyon naar Porto verhuisd.",
        "Mi sono trasferita da Lyon a Porto a maggio.",
        "Mudei-me de Lyon para Porto em maio.",
    ],
)
def test_a_move_says_when_it_was_and_where_to(said: str) -> None:
    fact = only(said)
    assert (fact.slot, fact.value) == ("home.city", "Porto")
    assert fact.since == datetime(2026, 5, 1, tzinfo=UTC)


def test_a_name_that_is_told_a_sentence_later_belongs_to_what_was_spoken_of_last() -> None:
    assert slots("We have a dog. Her name is Bo.") == {"dog.name": "Bo"}
    assert slots("Wir haben eine Katze, sie heißt Mia.") == {"cat.name": "Mia"}
    assert slots("I have a cat. My neighbour has a dog. It is called Rex.") == {"pets.cat": "cat"}
    assert slots("My friend has a dog. Her name is Bo.") == {}


def test_what_is_no_longer_so_ends_its_slot() -> None:
    (ending,) = read("I no longer live in Lyon.").endings
    assert (ending.slot, ending.value) == ("home.city", "Lyon")


def test_likes_and_the_form_of_replies_are_preferences() -> None:
    assert only("I love espresso.").kind is Kind.PREFERENCE
    wish = only("Please answer in one sentence.")
    assert (wish.slot, wish.kind) == ("reply.length", Kind.PREFERENCE)
    assert read("Answer in one sentence: what is a mortgage?") == Extraction()


@pytest.mark.parametrize(
    ("said", "verb", "language", "text"),
    [
        ("Remember that my sister lands on 3 May.", "remember", "en", "my sister lands on 3 May"),
        ("Don't forget that I'm vegan!", "remember", "en", "I'm vegan"),
        ("Please forget my allergy.", "forget", "en", "my allergy"),
        ("What do you know about me?", "tell", "en", ""),
        ("Answer in one sentence.", "prefer", "en", "Answer in one sentence."),
        ("Merk dir bitte, dass ich Nüsse nicht vertrage.", "remember", "de", "ich Nüsse nicht vertrage"),
        ("Vergiss meine Allergie.", "forget", "de", "meine Allergie"),
        ("Was weißt du über mich?", "tell", "de", ""),
        ("Oublie mon allergie.", "forget", "fr", "mon allergie"),
        ("Que sais-tu de moi ?", "tell", "fr", ""),
        ("Recuerda que soy vegano.", "remember", "es", "soy vegano"),
        ("¿Qué sabes de mí?", "tell", "es", ""),
        ("Vergeet mijn allergie.", "forget", "nl", "mijn allergie"),
        ("Antwoord in één zin.", "prefer", "nl", "Antwoord in één zin."),
        ("Dimentica la mia allergia.", "forget", "it", "la mia allergia"),
        ("Cosa sai di me?", "tell", "it", ""),
        ("Esquece a minha alergia.", "forget", "pt", "a minha alergia"),
        ("O que sabes sobre mim?", "tell", "pt", ""),
    ],
)
def test_requests_about_memory_are_known_in_seven_languages(said: str, verb: str, language: str, text: str) -> None:
    found = command_of(said)
    assert found is not None
    assert (found.verb, found.language, found.text) == (verb, language, text)


@pytest.mark.parametrize(
    "said", ["Forget it.", "Do you remember when we met?", "Remember me?", "I forgot my keys.", "Delete the last line."]
)
def test_a_manner_of_speaking_is_no_request_about_memory(said: str) -> None:
    assert command_of(said) is None


def test_forgetting_everything_is_told_from_forgetting_one_thing() -> None:
    everything, one = command_of("Forget everything you know about me."), command_of("Forget my birthday.")
    assert everything is not None
    assert means_everything(everything)
    assert one is not None
    assert not means_everything(one)


@pytest.mark.timeout(60)  # half a second was seen; a pattern that backtracks takes minutes
@pytest.mark.parametrize(
    "hostile",
    ["I actually now " * 530, "ich bin seit a a a a " * 380, "mi " * 2600, "I love " + "x " * 3900, "\"'" * 4000],
)
def test_a_hostile_text_costs_no_more_than_a_long_one(hostile: str) -> None:
    read(hostile)
    command_of(hostile)


def test_a_secret_is_known_by_its_name_in_any_language() -> None:
    assert all(map(is_secret, ("pin", "my password is sunshine", "Mein Passwort ist Sonne", "ma clave")))
    assert not any(map(is_secret, ("pinboard", "my dog is called Biscuit", "home.city")))
