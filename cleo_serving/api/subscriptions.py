"""What a client may listen to."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from cleo_serving.api.context import Ctx, streams
from cleo_serving.api.input import question
from cleo_serving.api.replies import events
from cleo_serving.api.types import AskInput, ChatEvent

__all__ = ["Subscription"]


@streams("chat")
async def chat(info: Ctx, input: AskInput) -> AsyncGenerator[ChatEvent, None]:
    async with aclosing(events(info.context, question(input, info.context.services.settings.prompt))) as parts:
        async for event in parts:
            yield event


@strawberry.type
class Subscription:
    chat: AsyncGenerator[ChatEvent, None] = strawberry.subscription(
        resolver=chat, description="Ask, and read the reply while it is made."
    )
