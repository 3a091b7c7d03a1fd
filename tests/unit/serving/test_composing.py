"""A reply is cleaned as it streams, and made anew where it would say again what was said before."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import pytest

from cleo_memory import Kind, Record
from cleo_serving.chat.composing import Composed, Composer
from cleo_serving.chat.echoes import Echoes, without_echoes
from cleo_serving.chat.prompt import Prompt
from cleo_serving.chat.withheld import Withheld
from cleo_serving.engine.base import Message, Piece, Sampling
from tests.engines import WordsEngine

pytestmark = pytest.mark.unit
EARLIER = "Your question about the weather is about the weather."
OTHER = "Your question about the weather has no answer here."


class Says(WordsEngine):
    """Says one text after the other, word by word."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self.texts, self.samplings, self.requests = list(texts), list[Sampling](), list[str]()

    async def stream(self, prompt: Any, sampling: Sampling, *, request: str, user: str = "") -> AsyncGenerator[Piece]:
        self.samplings.append(sampling)
        self.requests.append(request)
        words = self.texts.pop(0).split(" ")
        for place, word in enumerate(words, 1):
            text = word if place == 1 else f" {word}"
            yield Piece(text, place, "stop" if place == len(words) else None)


async def compose(engine: Says, *earlier: str, **given: Any) -> tuple[list[str], Composed, list[str]]:
    avoided: list[str] = []

    def prompt(again: str) -> Prompt:
        avoided.append(again)
        return Prompt([1, 2, 3], 48)

    composer = Composer(
        engine=engine,
        prompt=prompt,
        sampling=lambda built: Sampling(temperature=0, max_tokens=built.max_tokens, **given),
        request="r",
        user="ann",
        echoes=Echoes(earlier),
        mark="a1b2c3d4",
        link_hosts=(),
        sentences=None,
    )
    made = Composed()
    return [text async for text in composer.stream(made)], made, avoided


async def test_a_reply_that_was_given_before_is_made_anew_before_any_of_it_is_shown_and_says_so() -> None:
    engine = Says(EARLIER, OTHER)
    pieces, made, avoided = await compose(engine, EARLIER)
    assert "".join(pieces) == made.shown == OTHER
    assert (made.resampled, made.tokens, made.made) == (1, 9, 18)
    assert avoided == ["", EARLIER]
    assert engine.samplings[1].temperature > engine.samplings[0].temperature == 0
    assert len(set(engine.requests)) == 2


async def test_a_reply_of_its_own_streams_from_the_word_where_it_parts_from_an_earlier_one() -> None:
    pieces, made, _ = await compose(Says(OTHER), EARLIER)
    shown = [piece for piece in pieces if piece]
    assert shown[0].strip() == "Your question about the weather has"
    assert len(shown) > 1
    assert "".join(shown) == OTHER
    assert made.resampled == 0
    pieces, _, _ = await compose(Says("It rains."), EARLIER)
    assert "".join(pieces) == "It rains."


async def test_tries_end_and_a_short_answer_may_be_given_again() -> None:
    _, made, _ = await compose(Says(EARLIER, EARLIER, EARLIER), EARLIER)
    assert (made.shown, made.resampled) == (EARLIER, 2)
    _, made, _ = await compose(Says("Yes."), "Yes.")
    assert (made.shown, made.resampled) == ("Yes.", 0)
    _, made, _ = await compose(Says('{"a": 1, "b": 2, "c": 3}'), '{"a": 1, "b": 2, "c": 3}', json_schema="{}")
    assert made.resampled == 0


async def test_a_long_reply_is_taken_for_the_earlier_one_before_it_is_whole() -> None:
    long = "once " + "more and " * 40
    _, made, _ = await compose(Says(long.strip(), "No."), long)
    assert made.shown == "No."
    assert made.made < 30


async def test_the_mark_of_the_notes_is_never_shown() -> None:
    pieces, made, _ = await compose(Says("Session a1b2c3d4 ends", ""))
    assert "a1b2" not in "".join(pieces)
    assert made.shown == "Session  ends"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 30])
def test_a_secret_is_taken_out_however_it_is_cut(size: int) -> None:
    text, withheld = "a1b2 or a1b2c3d4, aa1b2c3d4 and a1b2c3d", Withheld("a1b2c3d4")
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    shown = "".join(withheld.feed(piece, last=place == len(pieces)) for place, piece in enumerate(pieces, 1))
    assert shown == "a1b2 or , a and a1b2c3d"


def turn(speaker: str, content: str, conversation: str = "one") -> Record:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    return Record(
        id=content,
        kind=Kind.CONVERSATION,
        content=content,
        created_at=at,
        valid_from=at,
        speaker=speaker,
        conversation=conversation,
    )


def test_the_same_question_may_be_answered_as_before_and_another_may_not() -> None:
    asked, answered = turn("user", "What is my dog called?"), turn("assistant", "Your dog is called Biscuit.")
    latest = [turn("user", "Hello!", "two"), answered, asked]
    again = Echoes.of(latest, "what is  my dog called?")
    assert not again.given(answered.content, whole=True)
    other = Echoes.of(latest, "What is my cat called?")
    assert other.given("Your dog is called  Biscuit.", whole=True)
    assert not other.given("Hello!", whole=True)


def test_of_replies_that_are_the_same_the_model_sees_the_last_and_turns_alternate_still() -> None:
    turns = [Message("user", "a"), Message("assistant", "Fine."), Message("user", "b"), Message("assistant", "fine. ")]
    assert without_echoes(turns) == [Message("user", "a\n\nb"), Message("assistant", "fine. ")]
    assert without_echoes(turns, "Fine.") == [Message("user", "a\n\nb")]
    assert without_echoes(turns[:3]) == turns[:3]
