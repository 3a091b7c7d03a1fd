"""What a client may read. Whose data it is comes from the token, never from an argument."""

# No postponed annotations here: strawberry reads them when the class is made.

import strawberry

from cleo_memory import MemoryNotFound
from cleo_serving.api.graphql.inputs import check_id, check_text
from cleo_serving.api.graphql.pages import Connection, connection
from cleo_serving.api.graphql.resolvers import Ctx, answers
from cleo_serving.api.graphql.types.memory import (
    Conversation,
    ConversationSummary,
    Memory,
    MemoryHit,
    MemoryKind,
    MemoryStats,
    Preference,
    Turn,
)
from cleo_serving.api.graphql.types.model import Health, Model
from cleo_serving.errors import NotFound

__all__ = ["Query"]


@answers("memory:read")
async def conversation(info: Ctx, id: strawberry.ID) -> Conversation:
    context = info.context
    turns = await context.services.assistant.turns(context.principal.user, check_id(id))
    return Conversation(id=id, turns=[Turn.of(turn) for turn in turns])


@answers("memory:read")
async def conversations(
    info: Ctx, first: int | None = None, after: str | None = None
) -> Connection[ConversationSummary]:
    user, services = info.context.principal.user, info.context.services
    return await connection(
        lambda size, start: services.memory.conversations(user, size, start),
        ConversationSummary.of,
        first,
        after,
        services.settings.query,
    )


@answers("memory:read")
async def memories(
    info: Ctx,
    kinds: list[MemoryKind] | None = None,  # type: ignore[valid-type]
    first: int | None = None,
    after: str | None = None,
) -> Connection[Memory]:
    user, services = info.context.principal.user, info.context.services
    return await connection(
        lambda size, start: services.memory.memories(user, kinds=kinds, first=size, after=start),
        Memory.of,
        first,
        after,
        services.settings.query,
    )


@answers("memory:read")
async def search_memories(
    info: Ctx,
    query: str,
    kinds: list[MemoryKind] | None = None,  # type: ignore[valid-type]
    limit: int | None = None,
) -> list[MemoryHit]:
    user, services = info.context.principal.user, info.context.services
    size = services.settings.query.default_page if limit is None else limit
    hits = await services.memory.search(user, check_text(query, 2000, "query"), kinds=kinds, limit=size)
    return [MemoryHit.of(hit) for hit in hits]


@answers("memory:read")
async def memory(info: Ctx, id: strawberry.ID) -> Memory:
    try:
        return Memory.of(await info.context.services.memory.recall(info.context.principal.user, check_id(id)))
    except MemoryNotFound:
        raise NotFound("There is no such memory.") from None


@answers("memory:read")
async def preferences(info: Ctx) -> list[Preference]:
    found = await info.context.services.memory.preferences(info.context.principal.user)
    return [Preference.of(key, record) for key, record in found.items()]


@answers("memory:read")
async def memory_stats(info: Ctx) -> MemoryStats:
    return MemoryStats.of(await info.context.services.memory.stats(info.context.principal.user))


@answers("chat")
async def model(info: Ctx) -> Model:
    return Model.of(info.context.services.models.current)


@answers("chat")
async def health(info: Ctx) -> Health:
    return Health.of(info.context.services.models)


@strawberry.type
class Query:
    conversation: Conversation = strawberry.field(
        resolver=conversation, description="One conversation with its last turns."
    )
    conversations: Connection[ConversationSummary] = strawberry.field(
        resolver=conversations, description="Conversations, the last used first."
    )
    memories: Connection[Memory] = strawberry.field(resolver=memories, description="Memories, the last written first.")
    search_memories: list[MemoryHit] = strawberry.field(
        resolver=search_memories,
        description="The memories that bear most on a text, best first, each with the parts of its score.",
    )
    memory: Memory = strawberry.field(resolver=memory, description="One memory.")
    preferences: list[Preference] = strawberry.field(resolver=preferences, description="Preferences as they stand now.")
    memory_stats: MemoryStats = strawberry.field(resolver=memory_stats, description="How much is kept.")
    model: Model = strawberry.field(resolver=model, description="The model that answers now, and who approved it.")
    health: Health = strawberry.field(resolver=health, description="Whether the API can answer.")
