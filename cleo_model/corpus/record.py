"""The record: one document or conversation with its source, licence and digest, as a line of JSON."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from cleo_core.errors import InputError, IntegrityError
from cleo_core.files import read_jsonl, write_jsonl
from cleo_model.corpus.pii.entities import Replace
from cleo_model.corpus.profiles import ProfileName
from cleo_model.errors import MalformedRecord

RECORDS, TRAIN, HELDOUT, DROPPED = "records.jsonl", "train.jsonl", "heldout.jsonl", "dropped.jsonl"
RESERVED = "canaries"
"""Source of the planted canaries, whose records pass curation and masking untouched: no user's source may have it."""
ROLES = ("system", "user", "assistant")
# Control characters except tab and newline, and the marks that turn the direction of writing: neither is text.
UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


def clean(text: str) -> str:
    """NFC, newlines as LF, no control characters, no blanks at the ends of lines, at most one empty line in a row."""
    text = UNWANTED.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    lines: list[str] = []
    for line in text.split("\n"):
        line = line.rstrip()
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip()


def render(messages: Iterable[Mapping[str, str]]) -> str:
    """A conversation as plain text, one paragraph for each message."""
    return "\n\n".join(f"{message['role'].capitalize()}: {message['content']}" for message in messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One document (`messages` is None) or one conversation (`text` is its plain rendering)."""

    id: str
    text: str
    messages: list[dict[str, str]] | None
    source: str
    domain: str
    licence: str
    group: str = ""
    """Records of one group are held out together, so that a question about a text is not trained on without it."""
    sha256: str = ""
    keep_names: bool = False
    """People in it are public figures, and their names are not masked."""
    profile: ProfileName = "general"
    """What kind of writing it is: decides how it is judged and masked."""
    replace: Replace = "surrogate"
    """What takes the place of personal data in it."""
    subject: str = ""
    """Keyed hash of whose record it is (`cleo_core.subject.identity`), where its source names the field."""

    @classmethod
    def make(
        cls,
        *,
        name: str,
        source: str,
        domain: str,
        licence: str,
        text: str = "",
        messages: Iterable[Mapping[str, str]] | None = None,
        group: str = "",
        keep_names: bool = False,
        profile: ProfileName | None = None,
        replace: Replace = "surrogate",
        subject: str = "",
    ) -> Record:
        """Build a record; `name`, its place in the source, is kept as a hash only, for it may be personal."""
        turns = None if messages is None else [{"role": m["role"], "content": clean(m["content"])} for m in messages]
        body = clean(text) if turns is None else render(turns)
        return cls(
            id=f"{source}/{hashlib.sha256(name.encode()).hexdigest()[:16]}",
            text=body,
            messages=turns,
            source=source,
            domain=domain,
            licence=licence,
            group=hashlib.sha256(group.encode()).hexdigest()[:16] if group else "",
            sha256=hashlib.sha256(body.encode()).hexdigest(),
            keep_names=keep_names,
            profile=profile or ("general" if turns is None else "dialogue"),
            replace=replace,
            subject=subject,
        )

    def with_text(self, text: str, messages: list[dict[str, str]] | None) -> Record:
        body = text if messages is None else render(messages)
        return changed(self, text=body, messages=messages, sha256=hashlib.sha256(body.encode()).hexdigest())


def checked_messages(value: Any, where: str) -> list[dict[str, str]]:
    """The messages of a conversation: an optional system message, then user and assistant in turn.

    Raises:
        MalformedRecord: names what is wrong and where.
    """
    if not isinstance(value, list) or not value:
        raise MalformedRecord(f"{where}: messages is not a list of messages.", hint="See the `messages` format.")
    turns: list[dict[str, str]] = []
    for number, message in enumerate(value, 1):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise MalformedRecord(f"{where}: message {number} has no role of {', '.join(ROLES)}.", hint="Correct it.")
        if not isinstance(message.get("content"), str) or not message["content"].strip():
            raise MalformedRecord(f"{where}: message {number} has no content.", hint="Correct it, or take it away.")
        turns.append({"role": message["role"], "content": message["content"]})
    spoken = turns[1:] if turns[0]["role"] == "system" else turns
    if [turn["role"] for turn in spoken] != [("user", "assistant")[i % 2] for i in range(len(spoken))] or not spoken:
        raise MalformedRecord(
            f"{where}: user and assistant do not take turns.", hint="An optional system message, then user first."
        )
    return turns


def write_records(path: Path, records: Iterable[Record]) -> int:
    """Write one JSON object for each line; returns how many."""
    return write_jsonl(path, map(asdict, records))


def read_records(path: Path) -> Iterator[Record]:
    """Read what `write_records` wrote.

    Raises:
        IntegrityError: the file is not one of ours, or was damaged.
    """
    number = 1
    try:
        for value in read_jsonl(path):
            yield Record(**value)
            number += 1
    except (TypeError, InputError):
        raise IntegrityError(
            f"{path.name}:{number} is not a record.", hint="Run the stage again that made it."
        ) from None
    except FileNotFoundError:
        raise IntegrityError(f"{path} is not there.", hint="Run the stage again that made it.") from None
