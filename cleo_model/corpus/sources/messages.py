"""Conversations in the forms that people have, as messages with role and content that a chat template takes.

    OpenAI    role, content (text, or parts of it), tool_calls, roles developer and tool
    ShareGPT  from, value; human, gpt, system, function_call, observation
    columns   {"role": [...], "content": [...]}, as a data set keeps a list of tables

What is left is an optional system message, then user and assistant in turn. Tool calls and their results are left out
with what they answer to: nothing here teaches a model to call one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cleo_model.corpus.record import render
from cleo_model.errors import MalformedRecord

LONGEST = 100_000
"""Characters of a conversation: some fifty times what a row of training holds, and half of what quality allows."""
Message = dict[str, str]

ROLES = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user", "prompter": "user", "customer": "user", "client": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "chatgpt": "assistant", "model": "assistant",
    "ai": "assistant", "chatbot": "assistant", "agent": "assistant", "bing": "assistant", "bard": "assistant",
    "tool": "tool", "function": "tool", "observation": "tool", "function_call": "tool", "function_response": "tool",
    "tool_call": "tool", "tool_response": "tool", "tool_result": "tool", "ipython": "tool",
}  # fmt: skip
"""The role that each name of one means; tool turns are left out."""
NAMES = (("role", "content"), ("from", "value"), ("role", "value"), ("from", "content"), ("role", "text"),
         ("speaker", "text"))  # fmt: skip
"""The fields of a message."""
MERGED = "turns of one speaker in a row were joined"
OPENING = "the assistant's opening before the first question was left out"
TOOLS = "tool calls and their results were left out"
PARTS = "parts that are no text (pictures, sound) were left out"
CUT = "a conversation that is too long was cut between its messages"


@dataclass(slots=True)
class Conversation:
    """A conversation, and what was changed to make it one."""

    messages: list[Message]
    """None where the assistant says nothing: there is nothing to learn."""
    changes: list[str] = field(default_factory=list)
    """What was left out or joined: the source wants to know."""


def is_message(value: Any) -> bool:
    """Whether a value is one message of a conversation."""
    return isinstance(value, Mapping) and any(
        pair[1] in value and str(value.get(pair[0])).strip().lower() in ROLES for pair in NAMES
    )


def conversation_of(value: Any, where: str) -> Conversation:
    """The messages in any form that is known.

    Raises:
        MalformedRecord: names what is wrong and where.
    """
    made = Conversation([])
    for number, message in enumerate(_listed(value, where), 1):
        role, content = _message(message, f"{where}: message {number}", made)
        if role == "tool" or (role == "assistant" and not content and _calls(message)):
            _note(made, TOOLS)
            continue
        if not content:
            raise MalformedRecord(f"{where}: message {number} has no content.", hint="Correct it, or take it away.")
        if made.messages and made.messages[-1]["role"] == role:
            made.messages[-1]["content"] += f"\n\n{content}"
            # Where tool turns were taken out, what is left of an answer belongs together.
            if TOOLS not in made.changes:
                _note(made, MERGED)
        elif role == "system" and made.messages:
            raise MalformedRecord(
                f"{where}: message {number} is a system message in the midst.", hint="It stands first, or nowhere."
            )
        else:
            made.messages.append({"role": role, "content": content})
    start = 1 if made.messages and made.messages[0]["role"] == "system" else 0
    if len(made.messages) > start and made.messages[start]["role"] == "assistant":
        del made.messages[start]
        _note(made, OPENING)
    if not any(message["role"] == "assistant" for message in made.messages):
        made.messages.clear()
    return made


def _note(made: Conversation, change: str) -> None:
    if change not in made.changes:
        made.changes.append(change)


def _listed(value: Any, where: str) -> list[Any]:
    """The list of messages, also out of a string of JSON or out of columns."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise MalformedRecord(
                f"{where}: its messages are text that is no JSON.", hint="Write a list of messages, or JSON of one."
            ) from None
    if isinstance(value, Mapping):
        names = next((pair for pair in NAMES if all(isinstance(value.get(name), list) for name in pair)), None)
        if names is None:
            inner = [each for each in value.values() if isinstance(each, list)]
            value = inner[0] if len(inner) == 1 else value
        else:
            role, content = (value[name] for name in names)
            value = [{names[0]: r, names[1]: c} for r, c in zip(role, content, strict=False)]
    if isinstance(value, list):
        value = [message for number, each in enumerate(value) for message in _turns(each, number)]
    if not isinstance(value, list) or not value:
        raise MalformedRecord(
            f"{where}: its messages are not a list of messages.",
            hint='Write [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}].',
        )
    return value


def _turns(value: Any, number: int) -> list[Any]:
    """The messages in an element of a list: one, or a question with its answer, as some write a dialogue."""
    if isinstance(value, str):
        return [{"role": ("user", "assistant")[number % 2], "content": value}]
    if isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value):
        return [{"role": "user", "content": value[0]}, {"role": "assistant", "content": value[1]}]
    if isinstance(value, Mapping) and not any(name in value for name, _ in NAMES):
        spoken = [(ROLES.get(str(name).lower()), text) for name, text in value.items() if isinstance(text, str)]
        if [role for role, _ in spoken] == ["user", "assistant"]:
            return [{"role": role, "content": text} for role, text in spoken]
    return [value]


def _message(message: Any, where: str, made: Conversation) -> tuple[str, str]:
    if not isinstance(message, Mapping):
        raise MalformedRecord(f"{where} is not an object.", hint="Each message has a role and a content.")
    names = next((pair for pair in NAMES if message.get(pair[0]) is not None and pair[1] in message), None)
    names = names or next((pair for pair in NAMES if message.get(pair[0]) is not None), None)
    role = ROLES.get(str(message[names[0]]).strip().lower()) if names else None
    if names is None or role is None:
        said = f"has the role {str(message[names[0]])[:40]!r}" if names else "has no role"
        raise MalformedRecord(f"{where} {said}.", hint=f"Known roles: {', '.join(ROLES)}.")
    content = message.get(names[1])
    return role, "\n".join(_parts(content, where, made)).strip()


def _parts(content: Any, where: str, made: Conversation) -> Iterator[str]:
    if content is None:
        return
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping) and isinstance(content.get("parts"), list):
        yield from _parts(content["parts"], where, made)
    elif isinstance(content, Mapping) and isinstance(content.get("text"), str):
        yield content["text"]
    elif isinstance(content, list):
        for part in content:
            text = part.get("text", part.get("content")) if isinstance(part, Mapping) else part
            if isinstance(text, str):
                yield text
            else:
                _note(made, PARTS)
    else:
        raise MalformedRecord(f"{where} has a content that is no text.", hint="Write text, or parts of it.")


def _calls(message: Mapping[str, Any]) -> bool:
    return bool(message.get("tool_calls") or message.get("function_call"))


def pieces(messages: list[Message], longest: int = LONGEST) -> list[list[Message]] | None:
    """A conversation as pieces of at most so many characters, each from a question on; None where none fits.

    Every piece begins with the system message, where there is one.
    """
    if len(render(messages)) <= longest:
        return [messages]
    head = messages[:1] if messages[0]["role"] == "system" else []
    body = messages[len(head) :]
    found: list[list[Message]] = []
    piece: list[Message] = []
    for start in range(0, len(body), 2):
        exchange = body[start : start + 2]
        if piece and len(render([*head, *piece, *exchange])) > longest:
            found.append([*head, *piece])
            piece = []
        piece = [*piece, *exchange]
        if len(render([*head, *piece])) > longest:
            return None
    if any(message["role"] == "assistant" for message in piece):
        found.append([*head, *piece])
    return found
