"""A row (of JSON, of a table, of a data set) as text or as a conversation, in the form that its fields tell.

messages      a list with role and content, or from and value     OpenAI, ShareGPT
instruction   with input and output                               Alpaca, Dolly
prompt        with completion, response, answer, chosen …         pairs
text          or a field that is usually called otherwise         documents
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cleo_model.corpus.account import shown
from cleo_model.corpus.heldout import document_key
from cleo_model.corpus.record import render
from cleo_model.corpus.sources.item import Item
from cleo_model.corpus.sources.messages import CUT, LONGEST, Message, conversation_of, is_message, pieces
from cleo_model.corpus.sources.reading import EMPTY, Reading
from cleo_model.corpus.sources.source import Source
from cleo_model.corpus.sources.subject_field import subject_of
from cleo_model.errors import MalformedRecord

CONVERSATIONS = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns")
INSTRUCTIONS, CONTEXTS, OUTPUTS = ("instruction",), ("input", "context"), ("output", "response", "answer", "completion")
ASKED = ("prompt", "question", "query", "user", "input", "problem")
ANSWERED = ("completion", "response", "answer", "output", "reply", "assistant", "chosen", "solution")
TEXTS = ("text", "content", "body", "document", "article", "passage", "markdown", "raw_content")
SYSTEMS = ("system", "system_prompt")
FIELDS = frozenset({*CONVERSATIONS, *INSTRUCTIONS, *CONTEXTS, *OUTPUTS, *ASKED, *ANSWERED, *TEXTS, *SYSTEMS})
"""Every field that can tell what a row is; of a table no other columns are read."""
SURROGATES = "half of a character (a lone surrogate) was replaced"
UNANSWERED = "nothing is answered in it"
TOO_LONG = f"a message is longer than {LONGEST:,} characters"


@dataclass(frozen=True, slots=True)
class _Messages:
    """What is to be read as a conversation."""

    value: Any


Found = _Messages | str | None
"""Messages or text; "" where the fields are there and hold nothing; None where a row has another form."""


def items_of(reading: Reading, name: str, where: str, row: Any) -> Iterator[Item]:
    """What a row holds: one document, or a conversation in one piece or more.

    Raises:
        SourceError: it cannot be used, and the source stops at that.
    """
    if isinstance(row, list) and all(isinstance(each, Mapping) and not is_message(each) for each in row):
        for number, each in enumerate(row, 1):
            yield from items_of(reading, f"{name}.{number}", f"{where}, item {number}", each)
        return
    try:
        found = _form(reading.source, where, row)
        subject = subject_of(reading.source, row, where) if isinstance(row, dict) else ""
    except MalformedRecord as error:
        reading.refuse(_reason(error, where), where, error)
        return
    if found is None:
        reading.drop(EMPTY, where)
    elif isinstance(found, _Messages):
        yield from _conversation(reading, name, where, found.value, subject)
    else:
        yield Item(name, text=sound(reading, where, found), subject=subject)


def _reason(error: MalformedRecord, where: str) -> str:
    """What is wrong, without the place: records that are wrong in one way are counted together."""
    return error.message.removeprefix(where).lstrip(": ").rstrip(".")


def _conversation(reading: Reading, name: str, where: str, value: Any, subject: str) -> Iterator[Item]:
    try:
        made = conversation_of(value, where)
        if not made.messages:
            reading.drop(UNANSWERED, where)
            return
        parts = pieces(made.messages)
        if not parts:
            raise MalformedRecord(f"{where}: {TOO_LONG}.", hint="Shorten it, or divide it into several records.")
        for change in made.changes:
            strict = MalformedRecord(
                f"{where} could be used with a change only ({change}).",
                hint="The source says on_error: stop. Correct the record, or say skip.",
            )
            reading.change(change, where, strict)
    except MalformedRecord as error:
        reading.refuse(_reason(error, where), where, error)
        return
    group = ""
    if len(parts) > 1:
        reading.change(CUT, f"{where}: {len(parts)} pieces")
        group = document_key(render(made.messages))
    for number, piece in enumerate(parts):
        messages = [{**message, "content": sound(reading, where, message["content"])} for message in piece]
        yield Item(f"{name}#{number}" if group else name, messages=messages, group=group, subject=subject)


def sound(reading: Reading, where: str, text: str) -> str:
    """Text that can be written as UTF-8: half of a character becomes the replacement character, and is counted."""
    try:
        text.encode()
    except UnicodeEncodeError:
        reading.change(SURROGATES, where)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _form(source: Source, where: str, row: Any) -> _Messages | str | None:
    """The text or the messages of a row, or None where they are there and empty."""
    if isinstance(row, str) and source.form in ("auto", "text"):
        return row if row.strip() else None
    if isinstance(row, list) and source.form != "text" and row and all(map(is_message, row)):
        return _Messages(row)
    if not isinstance(row, Mapping):
        raise MalformedRecord(f"{where} is not an object.", hint="Each record is an object with its fields.")
    empty = False
    for reader in _tried(source):
        found = reader(source, row)
        if found:
            return found
        empty = empty or found is not None
    if empty:
        return None
    raise _unknown(source, where, row)


def _tried(source: Source) -> tuple[Callable[[Source, Mapping[str, Any]], Found], ...]:
    """The forms to look for: a field that the source names is the one that is meant."""
    match source.form:
        case "messages" | "sharegpt":
            return (_messages,)
        case "alpaca":
            return (_alpaca,)
        case "pairs":
            return (_pairs,)
        case "text":
            return (_text,)
    if source.messages_field != "messages":
        return (_messages,) if source.text_field == "text" else (_messages, _text)
    return (_messages, _alpaca, _pairs, _text) if source.text_field == "text" else (_text, _messages)


def _messages(source: Source, row: Mapping[str, Any]) -> Found:
    named = source.messages_field
    if source.form in ("messages", "sharegpt") and row.get(named):
        return _with_system(row, row[named])
    names = CONVERSATIONS if named == "messages" else (named,)
    for name in names:
        value = row.get(name)
        # A field of running text that is called so by chance is no conversation.
        if isinstance(value, list | Mapping) or (isinstance(value, str) and value.lstrip().startswith(("[", "{"))):
            return _with_system(row, value) if value else ""
    return "" if any(name in row and not row[name] for name in names) else None


def _with_system(row: Mapping[str, Any], value: Any) -> _Messages:
    system = _first(row, SYSTEMS)
    if not system or not isinstance(value, list) or not isinstance(value[0], Mapping):
        return _Messages(value)
    told = str(value[0].get("role", value[0].get("from", ""))).lower()
    return _Messages(value if told in ("system", "developer") else [{"role": "system", "content": system}, *value])


def _alpaca(source: Source, row: Mapping[str, Any]) -> Found:
    if not any(name in row for name in INSTRUCTIONS) or not any(name in row for name in OUTPUTS):
        return None
    asked, answered, context = _first(row, INSTRUCTIONS), _first(row, OUTPUTS), _first(row, CONTEXTS)
    if not asked or not answered:
        return ""
    return _exchange(row, f"{asked}\n\n{context}" if context else asked, answered)


def _pairs(source: Source, row: Mapping[str, Any]) -> Found:
    asked = next((name for name in ASKED if name in row), None)
    answered = next((name for name in ANSWERED if name in row and name != asked), None)
    if asked is None or answered is None:
        return None
    said, reply = row[asked], row[answered]
    if isinstance(reply, list) and reply:
        # The conversational forms of TRL: a reply of messages, which `chosen` begins with the prompt.
        before = said if isinstance(said, list) else []
        return _Messages(reply if reply[: len(before)] == before else [*before, *reply])
    return _exchange(row, said, reply) if all(isinstance(part, str) and part.strip() for part in (said, reply)) else ""


def _exchange(row: Mapping[str, Any], asked: str, answered: str) -> _Messages:
    system = _first(row, SYSTEMS)
    head = [{"role": "system", "content": system}] if system else []
    messages: list[Message] = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return _Messages([*head, *messages])


def _text(source: Source, row: Mapping[str, Any]) -> Found:
    names = TEXTS if source.text_field == "text" else (source.text_field,)
    if found := _first(row, names):
        return found
    return "" if any(name in row and (row[name] is None or isinstance(row[name], str)) for name in names) else None


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((row[name] for name in names if isinstance(row.get(name), str) and row[name].strip()), "")


def _unknown(source: Source, where: str, row: Mapping[str, Any]) -> MalformedRecord:
    """The error of a row in which nothing was found: names what it has, and the field that is likeliest meant."""
    fields = shown(", ".join(sorted(map(str, row))[:8])) or "no fields"
    if source.form in ("messages", "sharegpt") or source.messages_field != "messages":
        told = f"{where} has no messages in its field {source.messages_field!r} (it has {fields})."
        return MalformedRecord(told, hint="Set messages_field of the source, or text_field for running text.")
    texts = {name: value for name, value in row.items() if isinstance(value, str) and value.strip()}
    longest = max(texts, key=lambda name: len(texts[name]), default=None)
    hint = f"Set text_field of the source, perhaps to {longest!r}; or messages_field for conversations."
    return MalformedRecord(
        f"{where} has no text in its field {source.text_field!r} (it has {fields}).",
        hint=hint if longest else "Set text_field of the source, or messages_field for conversations.",
    )
