"""The shadow memory sees what goes on in a session, keeps nothing, and says what it adds."""

from __future__ import annotations

import gc
from collections import deque
from types import FunctionType, ModuleType

import pytest

from cleo_memory.session.detectors import Turn, detect, heat, similarity
from cleo_memory.session.shadow import ShadowMemory

pytestmark = pytest.mark.unit


def test_the_same_question_again_and_again_is_a_loop_and_thanks_is_none() -> None:
    shadow = ShadowMemory()
    for _ in range(5):
        assert shadow.observe("ann", "quiet", "user", "ok, thanks!").findings == ()
    found = [shadow.observe("ann", "s", "user", "How do I reset the password of my account?") for _ in range(3)]
    assert [bool(each.findings) for each in found] == [False, False, True]
    assert found[-1].findings[0].detector == "loop"
    assert "do not repeat" in found[-1].guidance


def test_rising_anger_is_an_escalation_and_a_strong_word_about_a_thing_is_none() -> None:
    shadow = ShadowMemory()
    shadow.observe("ann", "quiet", "user", "The worst part of the tax form is the waiting.")
    assert shadow.observe("ann", "quiet", "user", "Not bad at all, and never late.").findings == ()
    shadow.observe("ann", "s", "user", "That is wrong. It still does not work.")
    shadow.observe("ann", "s", "user", "This is ridiculous, I am really annoyed now!")
    last = shadow.observe("ann", "s", "user", "You are useless! This is a terrible waste of time!!")
    assert [each.detector for each in last.findings] == ["escalation"]


def test_a_message_unlike_a_persons_others_is_an_anomaly() -> None:
    shadow = ShadowMemory()
    things = ["the garden fence", "a train to Porto", "my old bicycle", "the tax form", "our kitchen tap", "the dog"]
    for n, thing in enumerate(things):
        asked = f"Could you look at {thing} {'tomorrow' if n % 2 else 'with me on Friday'}?"
        quiet = shadow.observe("ann", "s", "user", asked, at=1e9 + n)
    assert quiet.findings == ()
    odd = shadow.observe("ann", "s", "user", "SELECT * FROM users; -- 0x99ff ;;; @@@@ ^^^^ <<<>>> ||| $$$", at=1e9 + 7)
    assert [each.detector for each in odd.findings] == ["anomaly"]


def test_what_is_reported_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    shadow = ShadowMemory()
    for _ in range(3):
        last = shadow.observe("ann", "s", "user", "my password is quince do you hear me")
    said = repr(last.findings) + last.guidance + caplog.text
    assert "loop" in said
    assert "quince" not in said
    assert "ann" not in caplog.text


def held_by(thing: object) -> bytes:
    """All texts and bytes that can be reached from a thing, joined."""
    found, seen, waiting = [], set(), [thing]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | ModuleType | FunctionType):
            continue
        seen.add(id(each))
        if isinstance(each, str | bytes):
            found.append(each.encode() if isinstance(each, str) else each)
        waiting.extend(gc.get_referents(each))
    return b"|".join(found)


def test_observations_are_sealed_and_gone_with_the_session() -> None:
    now = [1000.0]
    shadow = ShadowMemory(ttl=60, sessions=2, clock=lambda: now[0])
    shadow.observe("ann", "one", "user", "quince-4711")
    assert len(shadow) == 1
    assert b"quince-4711" not in held_by(shadow)
    shadow._sessions["ann", "plain"] = (now[0], deque([b"quince-4711"]))  # what the look would see
    assert b"quince-4711" in held_by(shadow)
    del shadow._sessions["ann", "plain"]
    now[0] = 1010
    shadow.observe("ann", "two", "user", "text")
    now[0] = 1020
    shadow.observe("bob", "one", "user", "text")
    assert len(shadow) == 2  # the oldest made room
    now[0] = 1075
    assert not shadow.knows("ann", "two")  # idle for too long
    assert shadow.knows("bob", "one")
    shadow.observe("ann", "three", "user", "text")
    before = shadow.forgotten("ann")
    shadow.forget("ann")
    assert (len(shadow), shadow.forgotten("ann") - before, shadow.forgotten("bob")) == (1, 1, 0)
    now[0] = 1500
    shadow.expire()
    assert len(shadow) == 0
    shadow.end("bob", "one")


def test_a_session_is_kept_by_when_it_was_used_and_not_by_when_its_turns_were_said() -> None:
    now = [1e9]
    shadow = ShadowMemory(ttl=60, clock=lambda: now[0])
    for age in (90_000, 80_000):  # read again after a restart, a day later
        shadow.note("ann", "s", "user", "How do I reset the password of my account?", at=now[0] - age)
    assert shadow.knows("ann", "s")
    assert shadow.evaluate("ann", "s", "user", "How do I reset the password of my account?").findings
    shadow.note("bob", "s", "user", "text", at=now[0] + 1e6)  # a clock that goes wrong elsewhere
    now[0] += 61
    shadow.expire()
    assert len(shadow) == 0


def test_a_turn_is_looked_at_up_to_a_length() -> None:
    shadow = ShadowMemory()
    for _ in range(2):
        shadow.note("ann", "s", "user", "word " * 10_000)
    assert max(len(each) for _, held in shadow._sessions.values() for each in held) < 2_100


def test_what_is_evaluated_is_not_noted() -> None:
    shadow = ShadowMemory()
    question = "How do I reset the password of my account?"
    for _ in range(2):
        shadow.observe("ann", "s", "user", question)
    for _ in range(2):  # the second time it is the third turn again, not the fourth
        assert shadow.evaluate("ann", "s", "user", question).findings[0].why == "3 of the last 3 turns are alike"
    assert shadow.evaluate("ann", "other", "user", question).findings == ()
    assert shadow.knows("ann", "s")
    assert not shadow.knows("ann", "other")


def test_answers_that_repeat_themselves_are_told_with_the_next_question() -> None:
    shadow = ShadowMemory()
    for asked in ("Where is the tap?", "Which road goes there?", "And by bus?"):
        assert shadow.evaluate("ann", "s", "user", asked).findings == ()
        shadow.observe("ann", "s", "user", asked)
        shadow.observe("ann", "s", "assistant", "Please have a look at the manual of the tap.")
    assert [each.detector for each in shadow.evaluate("ann", "s", "user", "Is it far away?").findings] == ["loop"]


def test_sessions_of_two_users_with_one_name_do_not_meet() -> None:
    shadow = ShadowMemory()
    question = "How do I reset the password of my account?"
    for user in ("ann", "bob", "ann", "bob"):
        assert shadow.observe(user, "s", "user", question).findings == ()
    assert shadow.observe("ann", "s", "user", question).findings


def test_measures_stay_between_nothing_and_one() -> None:
    assert similarity("", "") == 0.0
    assert similarity("a b c", "a b c") == 1.0
    assert heat("") == 0.0
    assert 0.9 < heat("USELESS GARBAGE! WORST! HATE!!!") <= 1.0
    assert detect([]) == []
    assert detect([Turn("assistant", "hello there my dear friend", 0)]) == []


def test_a_user_is_held_by_pseudonym_alone() -> None:
    shadow = ShadowMemory(lambda user: f"hash-of-{len(user)}")
    shadow.observe("annabel", "s", "user", "text")
    assert "annabel" not in repr(shadow.__dict__)
    assert shadow.knows("annabel", "s")
    shadow.drop("hash-of-3")
    assert shadow.knows("annabel", "s")
    shadow.drop("hash-of-7")
    assert not shadow.knows("annabel", "s")
