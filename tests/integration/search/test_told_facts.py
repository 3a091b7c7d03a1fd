"""What was told of the user is found by what is asked for, in other words and other languages, and by nothing else."""

from __future__ import annotations

import pytest

from cleo_memory import Memory, MemorySettings, open_memory
from cleo_memory.formation import asked_for

pytestmark = pytest.mark.integration

TALKS = {
    "english": {
        "I moved from Lyon to Porto in May.": "Where do I live?",
        "I can't eat shellfish.": "Which foods should I avoid?",
        "I was born on 3 March 1988.": "How old am I?",
        "I play the cello on Tuesdays.": "What are my hobbies?",
        "Call me Theo, please.": "Do you remember my name?",
    },
    "german": {
        "Ich bin im Mai von Lyon nach Porto gezogen.": "In welcher Stadt wohne ich?",
        "Ich arbeite als Imker.": "Was bin ich von Beruf?",
        "Ich bin allergisch gegen Nüsse.": "Was darf ich nicht essen?",
        "Ich habe zwei Katzen.": "Habe ich Haustiere?",
    },
    "french": {
        "J'ai déménagé de Lyon à Porto en mai.": "Où est-ce que j'habite ?",
        "Je travaille comme apiculteur.": "Quel est mon métier ?",
        "Je suis allergique aux noix.": "Qu'est-ce que je ne peux pas manger ?",
        "Je suis marié.": "Suis-je célibataire ?",
    },
    "spanish": {
        "Me mudé de Lyon a Porto en mayo.": "¿Dónde vivo?",
        "Trabajo como apicultor.": "¿A qué me dedico?",
        "Tengo dos gatos.": "¿Tengo mascotas?",
        "Nací el 3 de marzo de 1988.": "¿Cuántos años tengo?",
    },
    "dutch": {
        "Ik ben in mei van Lyon naar Porto verhuisd.": "Waar woon ik?",
        "Ik werk als imker.": "Wat is mijn beroep?",
        "Noem me Theo.": "Hoe heet ik?",
        "Ik ben getrouwd.": "Ben ik vrijgezel?",
    },
    "italian": {
        "Mi sono trasferita da Lyon a Porto a maggio.": "Dove abito?",
        "Lavoro come apicoltrice.": "Che mestiere faccio?",
        "Ho due gatti.": "Ho animali domestici?",
        "Sono nata il 3 marzo 1988.": "Quanti anni ho?",
    },
}
OTHERS = (
    "Where does the Danube rise?",
    "Who wrote Hamlet?",
    "How do I sort a list?",
    "qwe zxcv plok",
    "Wie alt ist das All?",
)


async def learned(memory: Memory, user: str, *said: str) -> None:
    for text in said:
        await memory.learn(user, await memory.append(user, "talk", "user", text))


@pytest.mark.parametrize("language", TALKS)
async def test_a_fact_is_found_by_what_is_asked_for_in_other_words(language: str) -> None:
    """By words alone, as where no embedder knows the language."""
    async with open_memory(MemorySettings(embedder="none")) as memory:
        await learned(memory, "ann", *TALKS[language])
        for told, question in TALKS[language].items():
            hits = await memory.search("ann", question, kinds=["episodic", "preference"])
            assert [hit.record.content.strip(".") for hit in hits[:1]] == [told.strip(".").removesuffix(", please")]
            context = await memory.context("ann", question, 200)
            assert hits[0].record.content in context.facts
            assert "tells what the question asks for" in context.citations[0].reason
        for question in OTHERS:
            assert not await memory.search("ann", question)


async def test_a_fact_is_found_across_languages_and_when_it_was_remembered_as_it_is() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        kept = await memory.remember("ann", "I moved from Lyon to Porto in May.")
        await memory.remember("ann", "The shed is green.")
        await memory.prefer("bob", "city", "Porto")
        for question in ("Where do I live?", "Wo wohne ich?", "Où j'habite ?", "¿Dónde vivo?", "Waar woon ik?"):
            assert [hit.record.id for hit in await memory.search("ann", question)] == [kept.id]
            assert [hit.record.content for hit in await memory.search("bob", question)] == ["Porto"]
        await memory.edit("ann", kept.id, content="The attic is blue.")
        assert not await memory.search("ann", "Where do I live?")


async def test_what_superseded_a_fact_is_found_in_its_place_also_from_a_stored_index() -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        await learned(memory, "ann", "I live in Lyon.", "I moved to Porto last month.")
        for _ in range(2):
            (hit,) = await memory.search("ann", "What city do I live in?", kinds=["episodic"])
            assert "Porto" in hit.record.content
            await memory.settle("ann")
            memory.indexes.drop(memory.keyring.owner("ann"))


@pytest.mark.parametrize(
    "question",
    [
        "Where does my sister live?",
        "What is the name of the Dutch king?",
        "How do I live a longer life?",
        "How can I work with pandas?",
        "Where do penguins live?",
        "Wie kann ich eine Datei löschen?",
        "Comment faire une crêpe ?",
        "Do I need a visa for Japan?",
        "my " * 5000 + "name",
    ],
)
def test_a_question_about_something_else_asks_for_nothing_of_the_user(question: str) -> None:
    assert asked_for(question) is None
    assert asked_for("Do you know where I live now?") is not None


def test_the_more_a_question_says_beside_it_the_less_it_asks_for_a_slot() -> None:
    shares = [asked.share if (asked := asked_for(f"My pets{more}?")) else 0.0 for more in ("", ", really", " in Rome")]
    assert shares == [1.0, 1.0, 0.5]
    assert asked_for("My pets and the museum of ships in Rome?") is None
