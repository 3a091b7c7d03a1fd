"""A question that carries a key of its client's is answered once: who sends it again gets the reply of then."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import types
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from cleo_serving.api.graphql.types.chat import ChatEvent, Reply, chat_event, whole_events, whole_reply
from cleo_serving.chat.events import Question, ReplyEvent
from cleo_serving.services import Services


async def reply_once(services: Services, user: str, asked: Question, key: str) -> Reply:
    """The reply to a question, now or as it was. It is made to its end also when the client went away meanwhile, so
    that the client who comes back finds it whole.

    Raises:
        RequestMismatch, ReplyGone, RequestPending: see `cleo_memory.Memory.once`.
    """

    return await _once(services, user, asked, key)


async def stream_once(services: Services, user: str, asked: Question, key: str) -> AsyncGenerator[ChatEvent]:
    """The same while it is made. Who comes again, or comes second, gets the reply in one piece when it is whole; a
    question asked by `ask` and one asked by `chat` are the same question.

    Raises:
        RequestMismatch, ReplyGone, RequestPending: see `cleo_memory.Memory.once`.
    """
    live: asyncio.Queue[ReplyEvent | None] = asyncio.Queue()
    reply = asyncio.create_task(_once(services, user, asked, key, live.put_nowait))
    reply.add_done_callback(lambda _: live.put_nowait(None))
    begun = False
    try:
        while (event := await live.get()) is not None:
            begun = True
            yield chat_event(event)
        whole = await reply
    finally:
        reply.cancel()  # the waiting for it; what was begun is made to its end
    if not begun:
        for part in whole_events(whole):
            yield part


async def _once(
    services: Services, user: str, asked: Question, key: str, show: Callable[[ReplyEvent], None] | None = None
) -> Reply:
    async def answer() -> bytes:
        return written(whole_reply(*await services.assistant.ask(user, asked, show)))

    body = json.dumps(["ask", dataclasses.asdict(asked)], sort_keys=True, default=str)
    reply: Reply = read(Reply, json.loads(await services.memory.once(user, key, body, answer)))
    return reply


def written(value: Any) -> bytes:
    """A value of the schema as JSON."""
    return json.dumps(dataclasses.asdict(value), ensure_ascii=False, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def read(kind: Any, value: Any) -> Any:
    """What `written` wrote, as a value of that type: pydantic does not know strawberry's types of fields."""
    if value is None:
        return None
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        made: Any = kind
        return made(**{name: read(hints[name], each) for name, each in value.items()})
    if get_origin(kind) is list:
        return [read(get_args(kind)[0], each) for each in value]
    if get_origin(kind) in (Union, types.UnionType):
        (wanted,) = (each for each in get_args(kind) if each is not type(None))
        return read(wanted, value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value
