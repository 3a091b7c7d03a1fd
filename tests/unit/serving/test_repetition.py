"""A reply that goes round in a loop is noticed; verse, lists and tables are not."""

from __future__ import annotations

import pytest

from cleo_serving.engine.repetition import RepetitionDetector, loops

pytestmark = pytest.mark.unit

SENTENCE = "The Python function `len()` returns the length of an object. "
BELLS = """Hear the sledges with the bells,
Silver bells!
What a world of merriment their melody foretells!
From the bells, bells, bells, bells,
Bells, bells, bells,
From the jingling and the tinkling of the bells."""
SHANTY = """What shall we do with the drunken sailor,
What shall we do with the drunken sailor,
What shall we do with the drunken sailor,
Early in the morning?

Way hay and up she rises,
Way hay and up she rises,
Way hay and up she rises,
Early in the morning!"""
LIST = "\n".join(f"{number}. Take the {what} and put it on the table." for number, what in enumerate(
    ("bread", "butter", "cheese", "milk", "salt", "pepper", "tea", "sugar", "jam", "honey"), 1
))  # fmt: skip
TABLE = """| name | type | default |
| --- | --- | --- |
| host | str | none |
| port | int | none |
| user | str | none |
| path | str | none |"""
COUNTING = ", ".join(str(number) for number in range(1, 60))
CODE = "\n".join(
    f"    self.{name} = {name}" for name in ("host", "port", "user", "path", "mode", "size", "kind", "unit")
)


@pytest.mark.parametrize(
    "text",
    [
        "1. " * 40,
        "1.\n" * 40,
        "ha" * 60,
        "no no " * 20,
        "Well" + "\n" * 120,
        "!" * 250,
        SENTENCE * 5,
        "I am here to help. " + SENTENCE * 5,
        "\n".join(f"{number}. Use the `len` function." for number in range(1, 8)),
        "你好！" * 12,
        "ありがとう。" * 6,
        "Ich weiß es nicht. Frag mich noch einmal. " * 5,
    ],
)
def test_a_loop_is_noticed(text: str) -> None:
    assert loops(text)


@pytest.mark.parametrize("text", [BELLS, SHANTY, LIST, TABLE, COUNTING, CODE, SENTENCE * 2, "", "-" * 80, "." * 60])
def test_verse_lists_and_tables_are_no_loop_wherever_they_stand(text: str) -> None:
    detector = RepetitionDetector()
    assert not any(detector.feed(text[start : start + 3]) for start in range(0, len(text), 3))


def test_a_loop_is_noticed_while_it_is_written() -> None:
    detector, text = RepetitionDetector(), "Let me see. " + SENTENCE * 50
    read = next(end for end in range(4, len(text), 4) if detector.feed(text[end - 4 : end]))
    assert read < len(SENTENCE) * 6
