"""Conversations of the ChatterBot corpus, English part."""

from __future__ import annotations

from collections.abc import Iterator

from cleo_core.errors import IntegrityError
from cleo_core.wheels import CHATTERBOT, fetch
from cleo_model.corpus.sources.item import Item, conversation

# Each entry of these is a question and one or several answers to it …
ANSWERED = (
    "ai", "botprofile", "coding", "computers", "food", "greetings", "history", "literature", "money", "science",
    "tech_support", "trivia",
)  # fmt: skip
# … and of these a conversation. The other files (emotion, gossip, psychology, …) answer off the point or rudely.
DIALOGUES = ("conversations", "health")


def chatter() -> Iterator[Item]:
    """Yield each conversation; an assistant has the last word."""
    import yaml

    folder = fetch(CHATTERBOT) / "chatterbot_corpus" / "data" / "english"
    for name in (*ANSWERED, *DIALOGUES):
        try:
            content = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            raise IntegrityError(
                f"{name}.yml of the chatterbot wheel is damaged.", hint="Remove CLEO_HOME/assets."
            ) from None
        for number, lines in enumerate(content["conversations"]):
            lines = [str(line).strip() for line in lines]
            lines = lines[: len(lines) // 2 * 2] if name in DIALOGUES else lines[:2]
            if len(lines) < 2 or not all(lines):
                continue
            said = [_sentence(line) for line in lines]
            messages = conversation(zip(said[::2], said[1::2], strict=True))
            yield Item(f"{name}:{number}", messages=messages, group=lines[0].casefold())


def _sentence(line: str) -> str:
    """Begin with a capital and end with a full stop, as the model should learn to write."""
    line = line[:1].upper() + line[1:]
    return line if line[-1] in ".!?:`\"')" else f"{line}."
