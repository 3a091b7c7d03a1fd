"""Through the API: what a question tells is kept and told back, and requests about memory are done as they are said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving_server import RunningApi

pytestmark = pytest.mark.integration
ASK = """mutation($input: AskInput!) { ask(input: $input) {
  text tokens composed conversationId learned { id kind key content } provenance { memories { id } } } }"""


def ask(api: RunningApi, user: str, text: str, conversation: str | None = None) -> Any:
    given: dict[str, Any] = {"text": text, "maxTokens": 12, "temperature": 0}
    if conversation is not None:
        given["conversationId"] = conversation
    return api.data(user, ASK, {"input": given})["ask"]


def test_a_reply_says_what_was_learned_and_forget_undoes_it(api: RunningApi) -> None:
    user = api.user()
    reply = ask(api, user, "My dog is called Biscuit and I love espresso.")
    assert [(each["kind"], each["key"], each["content"]) for each in reply["learned"]] == [
        ("episodic", "dog.name", "My dog is called Biscuit"),
        ("preference", "like.espresso", "I love espresso."),
    ]
    assert not reply["composed"]
    assert ask(api, user, "My dog is called Biscuit.")["learned"] == []  # known
    undone = api.data(
        user, "mutation($ids: [ID!]!) { forget(ids: $ids) { count } }", {"ids": [reply["learned"][0]["id"]]}
    )
    assert undone["forget"]["count"] == 1
    assert "Biscuit" not in ask(api, user, "What do you know about me?")["text"]


def test_a_question_teaches_nothing(api: RunningApi) -> None:
    assert ask(api, api.user(), "What did Christophe order?")["learned"] == []


@pytest.mark.parametrize(
    ("remember", "content", "tell", "forget", "nothing"),
    [
        (
            "Remember that I'm allergic to nuts.",
            "I'm allergic to nuts",
            "What do you know about me?",
            "Forget my allergy.",
            "I know nothing about you yet.",
        ),
        (
            "Merk dir, dass der Schlüssel unter dem Topf liegt.",
            "der Schlüssel unter dem Topf liegt",
            "Was weißt du über mich?",
            "Vergiss den Schlüssel.",
            "Ich weiß noch nichts über dich.",
        ),
        (
            "Retiens que je suis végétarienne.",
            "je suis végétarienne",
            "Que sais-tu de moi ?",
            "Oublie que je suis végétarienne.",
            "Je ne sais encore rien de vous.",
        ),
        (
            "Recuerda que vivo en Gijón.",
            "vivo en Gijón",
            "¿Qué sabes de mí?",
            "Olvida dónde vivo.",
            "Todavía no sé nada de ti.",
        ),
        (
            "Onthoud dat mijn hond Boris heet.",
            "mijn hond Boris heet",
            "Wat weet je over mij?",
            "Vergeet mijn hond.",
            "Ik weet nog niets over je.",
        ),
        (
            "Ricordati che non mangio carne.",
            "non mangio carne",
            "Che cosa sai di me?",
            "Dimentica la carne.",
            "Non so ancora nulla di te.",
        ),
    ],
)
def test_remember_tell_and_forget_do_as_said_and_say_what_was_done(
    api: RunningApi, remember: str, content: str, tell: str, forget: str, nothing: str
) -> None:
    user = api.user()
    kept = ask(api, user, remember)
    assert kept["composed"]
    assert kept["tokens"] == 0
    assert [each["content"] for each in kept["learned"]] == [content]
    assert content in kept["text"]
    assert f"- {content}" in ask(api, user, tell)["text"]
    gone = ask(api, user, forget)
    assert gone["composed"]
    assert content not in gone["text"]
    assert ask(api, user, tell)["text"] == nothing
    left = api.data(user, "{ memories(kinds: [CONVERSATION, EPISODIC, PREFERENCE]) { edges { node { content } } } }")
    assert not [edge for edge in left["memories"]["edges"] if content in edge["node"]["content"]]


def test_forgetting_what_is_not_known_says_so(api: RunningApi) -> None:
    reply = ask(api, api.user(), "Forget my shoe size.")
    assert reply["text"].startswith("I found nothing about that")


def test_an_asked_form_of_replies_is_kept_and_done(api: RunningApi) -> None:
    user = api.user()
    wish = ask(api, user, "Please answer in one sentence.")
    assert wish["learned"][0]["key"] == "reply.length"
    assert wish["composed"]
    found = api.data(user, "{ preferences { key value } }")["preferences"]
    assert found == [{"key": "reply.length", "value": "Please answer in one sentence."}]


def test_a_conversation_that_begins_with_a_request_goes_on(api: RunningApi) -> None:
    user = api.user()
    first = ask(api, user, "Forget my allergy to peanuts.")
    again = ask(api, user, "And remember that I like tea.", first["conversationId"])
    assert again["conversationId"] == first["conversationId"]
