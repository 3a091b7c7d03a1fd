"""The root fields: what a client may read, change and listen to. Whose data it is comes from the token alone."""

# No postponed annotations here: strawberry reads them when the class is made.

import hashlib
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from functools import partial

import strawberry

from cleo_core.errors import InputError
from cleo_memory import MemoryNotFound, Page, Record
from cleo_serving.api.graphql.inputs import check_id, check_text, question
from cleo_serving.api.graphql.pages import Connection, connection
from cleo_serving.api.graphql.resolvers import Ctx, mutation, query, subscription
from cleo_serving.api.graphql.types.chat import AskInput, ChatEvent, Health, Model, Reply, chat_event, whole_reply
from cleo_serving.api.graphql.types.memory import (
    Conversation,
    ConversationSummary,
    Export,
    Forgotten,
    Memory,
    MemoryHit,
    MemoryKind,
    MemoryStats,
    Preference,
    Receipt,
    RememberInput,
    Turn,
)
from cleo_serving.errors import NotFound

FORGET_MOST = 100
CONFIRMATION = "ERASE"
API = {"source": "api"}
"""Where a memory comes from that a client hands in."""


@strawberry.type
class Query:
    @query("memory:read", "One conversation with its last turns.")
    async def conversation(self, info: Ctx, id: strawberry.ID) -> Conversation:
        turns = await info.context.services.memory.window(info.context.user, check_id(id), turns=200)
        if not turns:
            raise NotFound("There is no such conversation.")
        return Conversation(id=id, turns=[Turn.of(turn) for turn in turns])

    @query("memory:read", "Conversations, the last used first.")
    async def conversations(
        self, info: Ctx, first: int | None = None, after: str | None = None
    ) -> Connection[ConversationSummary]:
        user, services = info.context.user, info.context.services
        fetch = partial(services.memory.conversations, user)
        return await connection(services.settings.query, first, after, ConversationSummary.of, fetch)

    @query("memory:read", "Memories, the last written first.")
    async def memories(
        self,
        info: Ctx,
        kinds: list[MemoryKind] | None = None,  # type: ignore[valid-type]
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[Memory]:
        user, services = info.context.user, info.context.services

        def fetch(size: int, start: str | None) -> Awaitable[Page[Record]]:
            return services.memory.memories(user, kinds=kinds, first=size, after=start)

        return await connection(services.settings.query, first, after, Memory.of, fetch)

    @query("memory:read", "The memories that bear most on a text, best first, each with the parts of its score.")
    async def search_memories(
        self,
        info: Ctx,
        query: str,
        kinds: list[MemoryKind] | None = None,  # type: ignore[valid-type]
        limit: int | None = None,
    ) -> list[MemoryHit]:
        services, text = info.context.services, check_text(query, 2000, "query")
        size = services.settings.query.default_page if limit is None else limit
        hits = await services.memory.search(info.context.user, text, kinds=kinds, limit=size)
        return [MemoryHit.of(hit) for hit in hits]

    @query("memory:read", "One memory.")
    async def memory(self, info: Ctx, id: strawberry.ID) -> Memory:
        try:
            return Memory.of(await info.context.services.memory.recall(info.context.user, check_id(id)))
        except MemoryNotFound:
            raise NotFound("There is no such memory.") from None

    @query("memory:read", "Preferences as they stand now.")
    async def preferences(self, info: Ctx) -> list[Preference]:
        found = await info.context.services.memory.preferences(info.context.user)
        return [Preference.of(key, record) for key, record in found.items()]

    @query("memory:read", "How much is kept.")
    async def memory_stats(self, info: Ctx) -> MemoryStats:
        return MemoryStats.of(await info.context.services.memory.stats(info.context.user))

    @query("chat", "The model that answers now, and who approved it.")
    async def model(self, info: Ctx) -> Model:
        return Model.of(info.context.services.models.current)

    @query("chat", "Whether the API can answer.")
    async def health(self, info: Ctx) -> Health:
        return Health.of(info.context.services.models)


@strawberry.type
class Mutation:
    @mutation("chat", "Ask, and wait for the whole reply.")
    async def ask(self, info: Ctx, input: AskInput) -> Reply:
        services, asked = info.context.services, question(input, info.context.services.settings.prompt)
        return whole_reply(*await services.assistant.ask(info.context.user, asked))

    @mutation("memory:write", "Keep a memory.")
    async def remember(self, info: Ctx, input: RememberInput) -> Memory:
        memory, text = info.context.services.memory, check_text(input.content, 20_000, "content")
        return Memory.of(
            await memory.remember(info.context.user, text, kind=input.kind, importance=input.importance, provenance=API)
        )

    @mutation("memory:write", "Forget memories for good. Ids that are not there are no error.")
    async def forget(self, info: Ctx, ids: list[strawberry.ID]) -> Forgotten:
        if len(ids) > FORGET_MOST:
            # Passing over the rest would leave the caller in the belief that it is gone.
            raise InputError(f"ids holds {len(ids)} entries; {FORGET_MOST} are the most.", hint="Forget them in parts.")
        wanted = [check_id(id) for id in ids]
        return Forgotten(count=await info.context.services.memory.forget(info.context.user, wanted))

    @mutation("memory:write", "Set a preference; what it was before stays on record as past.")
    async def set_preference(self, info: Ctx, key: str, value: str) -> Preference:
        memory, name, text = info.context.services.memory, check_text(key, 100, "key"), check_text(value, 2000, "value")
        record = await memory.prefer(info.context.user, name, text, provenance=API)
        return Preference.of(record.key or key, record)

    @mutation("memory:read", "All that is kept of the caller, as JSON Lines.")
    async def export_my_data(self, info: Ctx) -> Export:
        services = info.context.services
        limit, lines, size, digest = services.settings.export_bytes, list[str](), 0, hashlib.sha256()
        async for line in services.memory.export_lines(info.context.user):
            whole = line if line.endswith("\n") else line + "\n"
            raw = whole.encode()
            size += len(raw)
            if size > limit:
                raise InputError("There is more than one reply can carry.", hint="cleo memory export writes a file.")
            digest.update(raw)
            lines.append(whole)
        return Export(lines=len(lines), sha256=digest.hexdigest(), content="".join(lines))

    @mutation("memory:write", "Erase the caller: keys, memories, conversations. confirm must be ERASE.")
    async def erase_my_data(self, info: Ctx, confirm: str) -> Receipt:
        if confirm != CONFIRMATION:
            raise InputError(f"confirm must be {CONFIRMATION}.", hint="Everything of you is gone for good after that.")
        return Receipt.of(await info.context.services.memory.erase(info.context.user))


@strawberry.type
class Subscription:
    @subscription("chat", "Ask, and read the reply while it is made.")
    async def chat(self, info: Ctx, input: AskInput) -> AsyncGenerator[ChatEvent, None]:
        services, asked = info.context.services, question(input, info.context.services.settings.prompt)
        async with aclosing(services.assistant.answer(info.context.user, asked)) as events:
            async for event in events:
                yield chat_event(event)
