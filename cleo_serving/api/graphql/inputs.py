"""Checks of what a client hands in, before anything is done with it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from cleo_core import clock
from cleo_core.errors import InputError
from cleo_serving.api.graphql.types.chat import AskInput
from cleo_serving.chat.events import Question
from cleo_serving.engine.sampling import check_range, check_schema, check_stops
from cleo_serving.errors import NotFound
from cleo_serving.settings import PromptSettings

PARAMETERS = (
    "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "seed",
)  # fmt: skip
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_id(value: str) -> str:
    """The id, if one could look so; what could not is not there.

    Raises:
        NotFound: no id looks so.
    """
    if not ID.fullmatch(value):
        raise NotFound("There is nothing of that id.")
    return value


def check_text(value: str, limit: int, name: str) -> str:
    """The text, if it can be kept and shown.

    Raises:
        InputError: it is empty, too long, or holds characters that cannot be stored.
    """
    if not value.strip():
        raise InputError(f"{name} is empty.")
    if len(value) > limit:
        raise InputError(f"{name} has {len(value)} characters, which is longer than the {limit} that are taken.")
    if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise InputError(f"{name} holds a character that cannot be stored.")
    return value


def check_expiry(value: datetime | None) -> datetime | None:
    """The moment, if it is still to come.

    Raises:
        InputError: it is past, or says no zone.
    """
    if value is None:
        return None
    if value.tzinfo is None:
        raise InputError(f"expiresAt {value.isoformat()} has no zone.", hint="2027-01-01T00:00:00Z")
    if value <= clock.now():
        raise InputError(f"expiresAt {value.isoformat()} is past.")
    return value


def question(value: AskInput, settings: PromptSettings) -> Question:
    """The question of a client within the bounds of the settings.

    Raises:
        InputError: a member is out of range.
    """
    given: dict[str, Any] = {}
    for name in PARAMETERS:
        if (number := getattr(value, name)) is not None:
            check_range(name, number, to_camel_case(name))
            given[name] = number
    if value.max_tokens is not None and not 0 < value.max_tokens <= settings.max_tokens:
        raise InputError(f"maxTokens must be 1 to {settings.max_tokens}, not {value.max_tokens}.")
    if value.stop is not None:
        given["stop"] = tuple(value.stop)
        check_stops(given["stop"], "stop")
    if value.json_schema is not None:
        given["json_schema"] = value.json_schema
        check_schema(value.json_schema, "jsonSchema")
    return Question(
        text=check_text(value.text, settings.message_characters, "text"),
        conversation=None if value.conversation_id is None else check_id(value.conversation_id),
        max_tokens=value.max_tokens,
        sampling=given,
    )
