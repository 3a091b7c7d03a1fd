"""Notices a reply that is becoming, word for word, one that the user was given before to another message.

Only as much is held back as an earlier reply begins with too: a reply of its own is shown from its first words on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cleo_memory import Record
from cleo_serving.engine.base import Message

FEWEST = 4
"""Words of a reply that may not be given twice: "Yes." may."""
ENOUGH = 24
"""Words in common from which a reply is taken for the earlier one before it is whole."""


class Echoes:
    """The replies that are not to be given again."""

    def __init__(self, earlier: Iterable[str]) -> None:
        self._earlier = {text for reply in earlier if len((text := _plain(reply)).split()) >= FEWEST}

    @classmethod
    def of(cls, turns: Sequence[Record], question: str) -> Echoes:
        """Those to other messages than this one: what is asked again may be answered as before.

        Args:
            turns: of any conversations, the last one first.
        """
        asked, earlier = dict[str | None, str](), list[str]()
        for turn in reversed(turns):
            if turn.speaker == "user":
                asked[turn.conversation] = _plain(turn.content)
            elif asked.get(turn.conversation) != _plain(question):
                earlier.append(turn.content)
        return cls(earlier)

    def begun(self, text: str) -> bool:
        """Whether an earlier reply begins with this text."""
        plain = _plain(text)
        return any(reply.startswith(plain) for reply in self._earlier)

    def given(self, text: str, *, whole: bool) -> bool:
        """Whether this text, or the reply that it begins, was given before."""
        plain = _plain(text)
        return plain in self._earlier if whole else len(plain.split()) >= ENOUGH and self.begun(text)


def without_echoes(turns: Sequence[Message], again: str = "") -> list[Message]:
    """The turns without replies that stand among them once more later, and without any that is `again`: a model says
    what it sees itself say. Messages of the user that come to stand together become one, for templates that want turns
    to alternate."""
    later = {_plain(again)}
    kept: list[Message] = []
    for turn in reversed(turns):
        if turn.role == "assistant":
            if (plain := _plain(turn.content)) in later:
                continue
            later.add(plain)
        if kept and turn.role == kept[0].role == "user":
            kept[0] = Message("user", f"{turn.content}\n\n{kept[0].content}")
        else:
            kept.insert(0, turn)
    return kept


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
