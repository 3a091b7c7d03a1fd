"""A reply, whole or as a stream of events; one user makes only so many at a time."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from cleo_serving.api.context import Context
from cleo_serving.api.types import ChatEnded, ChatStarted, ChatToken, FinishReason, Provenance, Reply
from cleo_serving.chat.assistant import Begun, Delta, Ended, Question
from cleo_serving.errors import EngineError

__all__ = ["events", "whole_reply"]


async def events(context: Context, question: Question) -> AsyncGenerator[ChatStarted | ChatToken | ChatEnded]:
    services, asked, first = context.services, time.monotonic(), True
    user = context.principal.user
    with services.limits.generation(user):
        async with aclosing(services.assistant.answer(user, question)) as parts:
            async for part in parts:
                if isinstance(part, Begun):
                    yield ChatStarted(
                        conversation_id=strawberry.ID(part.conversation), provenance=Provenance.of(part.provenance)
                    )
                elif isinstance(part, Delta):
                    if first:
                        services.metrics.first_token.observe(time.monotonic() - asked)
                        first = False
                    yield ChatToken(text=part.text)
                else:
                    services.metrics.links.inc(part.links_removed)
                    yield _ended(part)


async def whole_reply(context: Context, question: Question) -> Reply:
    started: ChatStarted | None = None
    ended: ChatEnded | None = None
    async with aclosing(events(context, question)) as parts:
        async for part in parts:
            if isinstance(part, ChatStarted):
                started = part
            elif isinstance(part, ChatEnded):
                ended = part
    if started is None or ended is None:
        raise EngineError("The reply broke off.")
    return Reply(
        id=started.provenance.reply_id,
        conversation_id=started.conversation_id,
        text=ended.text,
        finish_reason=ended.finish_reason,
        prompt_tokens=ended.prompt_tokens,
        tokens=ended.tokens,
        links_removed=ended.links_removed,
        provenance=started.provenance,
    )


def _ended(part: Ended) -> ChatEnded:
    return ChatEnded(
        text=part.text,
        finish_reason=FinishReason(part.finish_reason),
        prompt_tokens=part.prompt_tokens,
        tokens=part.tokens,
        links_removed=part.links_removed,
    )
