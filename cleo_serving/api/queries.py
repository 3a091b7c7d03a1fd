"""What a client may read. Whose data it is comes from the token, never from an argument."""

# No postponed annotations here: strawberry reads them when the class is made.

import strawberry

from cleo_memory import Record
from cleo_memory.errors import MemoryNotFound
from cleo_memory.records import Conversation as Thread
from cleo_serving.api.context import Ctx, answers
from cleo_serving.api.input import check_id, check_text
from cleo_serving.api.pages import connection
from cleo_serving.api.types import (
    Connection,
    Conversation,
    ConversationSummary,
    Health,
    Memory,
    MemoryHit,
    MemoryKind,
    MemoryStats,
    Model,
    Part,
    Preference,
    Turn,
)
from cleo_serving.errors import NotFound

__all__ = ["Query"]


def _summary(thread: Thread) -> ConversationSummary:
    return ConversationSummary(
        id=strawberry.ID(thread.id),
        turn_count=thread.turns,
        created_at=thread.created_at,
        updated_at=thread.updated_at,
    )


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
    limits = services.settings.query
    return await connection(
        lambda size, start: services.memory.conversations(user, size, start),
        _summary,
        first,
        after,
        limits.max_page,
        limits.default_page,
    )


@answers("memory:read")
async def memories(
    info: Ctx,
    kinds: list[MemoryKind] | None = None,  # type: ignore[valid-type]
    first: int | None = None,
    after: str | None = None,
) -> Connection[Memory]:
    user, services = info.context.principal.user, info.context.services
    limits = services.settings.query
    return await connection(
        lambda size, start: services.memory.memories(user, kinds=kinds, first=size, after=start),
        Memory.of,
        first,
        after,
        limits.max_page,
        limits.default_page,
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
    return [
        MemoryHit(
            memory=Memory.of(hit.record),
            score=hit.score,
            parts=[Part(name=name, value=value) for name, value in hit.parts.items()],
        )
        for hit in hits
    ]


@answers("memory:read")
async def memory(info: Ctx, id: strawberry.ID) -> Memory:

    try:
        record: Record = await info.context.services.memory.recall(info.context.principal.user, check_id(id))
    except MemoryNotFound:
        raise NotFound("There is no such memory.") from None
    return Memory.of(record)


@answers("memory:read")
async def preferences(info: Ctx) -> list[Preference]:
    found = await info.context.services.memory.preferences(info.context.principal.user)
    return [Preference(key=key, value=record.content, since=record.valid_from) for key, record in found.items()]


@answers("memory:read")
async def memory_stats(info: Ctx) -> MemoryStats:
    return MemoryStats.of(await info.context.services.memory.stats(info.context.principal.user))


@answers("chat")
async def model(info: Ctx) -> Model:
    return Model.of(info.context.services.models.current)


@answers("chat")
async def health(info: Ctx) -> Health:
    models = info.context.services.models
    model, stats = models.current, models.current.engine.stats()
    return Health(ready=models.ready, model_version=model.version, active=stats.active, waiting=stats.waiting)


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
