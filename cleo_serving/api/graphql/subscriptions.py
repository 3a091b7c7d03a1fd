"""What a client may listen to."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from cleo_serving.api.graphql.inputs import question
from cleo_serving.api.graphql.resolvers import Ctx, streams
from cleo_serving.api.graphql.types.chat import AskInput, ChatEvent, chat_event

__all__ = ["Subscription"]


@streams("chat")
async def chat(info: Ctx, input: AskInput) -> AsyncGenerator[ChatEvent, None]:
    services, user = info.context.services, info.context.principal.user
    async with aclosing(services.assistant.answer(user, question(input, services.settings.prompt))) as events:
        async for event in events:
            yield chat_event(event)


@strawberry.type
class Subscription:
    chat: AsyncGenerator[ChatEvent, None] = strawberry.subscription(
        resolver=chat, description="Ask, and read the reply while it is made."
    )
