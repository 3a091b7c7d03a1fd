"""The root fields: what a client may read, change and listen to. Whose data it is comes from the token alone."""

# No postponed annotations here: strawberry reads them when the class is made.

import hashlib
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Any

import strawberry

from cleo_core.errors import InputError
from cleo_memory import MemoryNotFound, Page, Record
from cleo_serving.api.graphql.idempotency import reply_once, stream_once
from cleo_serving.api.graphql.inputs import check_expiry, check_id, check_text, question
from cleo_serving.api.graphql.pages import Connection, connection, read_cursor
from cleo_serving.api.graphql.resolvers import Ctx, mutation, query, subscription
from cleo_serving.api.graphql.types.chat import AskInput, ChatEvent, Health, Model, Reply, chat_event, whole_reply
from cleo_serving.api.graphql.types.memory import (
    Conversation,
    ConversationSummary,
    DeletedConversation,
    EditInput,
    Export,
    Forgotten,
    Memory,
    MemoryHit,
    MemoryKind,
    MemoryPolicy,
    MemoryStats,
    Preference,
    Receipt,
    RememberInput,
    Turn,
    TurnConnection,
)
from cleo_serving.errors import NotFound

FORGET_MOST = 100
CONFIRMATION = "ERASE"
SENT_AGAIN = "One that is sent again under the same idempotencyKey is not done again, but answered as before."
API = {"source": "api"}
"""Where a memory comes from that a client hands in."""


def _memories(memory: Any, user: str, size: int, start: str | None, **chosen: Any) -> Awaitable[Page[Record]]:
    found: Awaitable[Page[Record]] = memory.memories(user, first=size, after=start, **chosen)
    return found


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

    @query("memory:read", "A stretch of a conversation: the first turns behind a cursor, or the last before one.")
    async def turns(
        self,
        info: Ctx,
        conversation_id: strawberry.ID,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> TurnConnection:
        services, size = info.context.services, info.context.services.settings.query
        for name, value in (("first", first), ("last", last)):
            if value is not None and not 0 < value <= size.max_page:
                raise InputError(f"{name} must be 1 to {size.max_page}.")
        if first is None and last is None:
            first, last = (None, size.default_page) if after is None else (size.default_page, None)
        places = [read_cursor(cursor, 0)[0] for cursor in (after, before)]
        found = await services.memory.turns(
            info.context.user, check_id(conversation_id), first=first, after=places[0], last=last, before=places[1]
        )
        if not found.items and after is None and before is None:
            raise NotFound("There is no such conversation.")
        return TurnConnection.of(found)

    @query(
        "memory:read",
        "Memories that are kept, the last written first, superseded ones among them. since, until: said or true then; "
        "at: what held at that moment.",
    )
    async def memories(
        self,
        info: Ctx,
        kinds: list[MemoryKind] | None = None,  # type: ignore[valid-type]
        first: int | None = None,
        after: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        at: datetime | None = None,
    ) -> Connection[Memory]:
        user, services = info.context.user, info.context.services
        fetch = partial(_memories, services.memory, user, kinds=kinds, since=since, until=until, at=at)

        return await connection(services.settings.query, first, after, Memory.of, fetch)

    @query("memory:read", "The memories that bear most on a text, best first, each with the parts of its score.")
    async def search_memories(
        self,
        info: Ctx,
        query: str,
        kinds: list[MemoryKind] | None = None,  # type: ignore[valid-type]
        limit: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        at: datetime | None = None,
    ) -> list[MemoryHit]:
        services, text = info.context.services, check_text(query, 2000, "query")
        size = services.settings.query.default_page if limit is None else limit
        hits = await services.memory.search(
            info.context.user, text, kinds=kinds, limit=size, since=since, until=until, at=at
        )
        return [MemoryHit.of(hit) for hit in hits]

    @query("memory:read", "One memory.")
    async def memory(self, info: Ctx, id: strawberry.ID) -> Memory:
        try:
            return Memory.of(await info.context.services.memory.recall(info.context.user, check_id(id)))
        except MemoryNotFound:
            raise NotFound("There is no such memory.") from None

    @query("memory:read", "Preferences as they stand now, or stood at a moment.")
    async def preferences(self, info: Ctx, at: datetime | None = None) -> list[Preference]:
        found = await info.context.services.memory.preferences(info.context.user, at=at)
        return [Preference.of(key, record) for key, record in found.items()]

    @query("memory:read", "How much is kept.")
    async def memory_stats(self, info: Ctx) -> MemoryStats:
        return MemoryStats.of(await info.context.services.memory.stats(info.context.user))

    @query("memory:read", "How long memories are kept, how much a user may keep, and how much is kept.")
    async def memory_policy(self, info: Ctx) -> MemoryPolicy:
        memory = info.context.services.memory
        return MemoryPolicy.of(memory.settings, await memory.stats(info.context.user))

    @query("chat", "The model that answers now, and who approved it.")
    async def model(self, info: Ctx) -> Model:
        return Model.of(info.context.services.models.current)

    @query("chat", "Whether the API can answer.")
    async def health(self, info: Ctx) -> Health:
        return Health.of(info.context.services.models)


def _content(info: Ctx, text: str) -> str:
    return check_text(text, info.context.services.memory.settings.content_characters, "content")


@strawberry.type
class Mutation:
    @mutation("chat", f"Ask, and wait for the whole reply. {SENT_AGAIN}")
    async def ask(self, info: Ctx, input: AskInput, idempotency_key: str | None = None) -> Reply:
        services, user = info.context.services, info.context.user
        asked = question(input, services.settings.prompt)
        if idempotency_key is None:
            return whole_reply(*await services.assistant.ask(user, asked))
        return await reply_once(services, user, asked, check_text(idempotency_key, 128, "idempotencyKey"))

    @mutation("memory:write", f"Keep a memory. {SENT_AGAIN}")
    async def remember(self, info: Ctx, input: RememberInput, idempotency_key: str | None = None) -> Memory:
        key = None if idempotency_key is None else check_text(idempotency_key, 128, "idempotencyKey")
        memory, text = info.context.services.memory, _content(info, input.content)
        record = await memory.remember(
            info.context.user,
            text,
            kind=input.kind,
            importance=input.importance,
            at=input.at,
            expires_at=check_expiry(input.expires_at),
            provenance=API,
            request=key,
        )
        return Memory.of(record)

    @mutation("memory:write", "Put a memory right: a new version in its place; when it became true stays.")
    async def edit_memory(self, info: Ctx, id: strawberry.ID, input: EditInput) -> Memory:
        memory, wanted = info.context.services.memory, dict[str, Any]()
        if input.content is not None:
            wanted["content"] = _content(info, input.content)
        if input.importance is not None:
            wanted["importance"] = input.importance
        if input.expires_at is not strawberry.UNSET:
            wanted["expires_at"] = check_expiry(input.expires_at)
        if not wanted:
            raise InputError("The edit names nothing to change.")
        try:
            return Memory.of(await memory.edit(info.context.user, check_id(id), **wanted))
        except MemoryNotFound:
            raise NotFound("There is no such memory.") from None

    @mutation("memory:write", "Forget memories for good. Ids that are not there are no error.")
    async def forget(self, info: Ctx, ids: list[strawberry.ID]) -> Forgotten:
        if len(ids) > FORGET_MOST:
            # Passing over the rest would leave the caller in the belief that it is gone.
            raise InputError(f"ids holds {len(ids)} entries; {FORGET_MOST} are the most.", hint="Forget them in parts.")
        wanted = [check_id(id) for id in ids]
        return Forgotten(count=await info.context.services.memory.forget(info.context.user, wanted))

    @mutation("memory:write", "Delete a conversation for good: its turns, and what was learned from them.")
    async def delete_conversation(self, info: Ctx, id: strawberry.ID) -> DeletedConversation:
        gone = await info.context.services.memory.delete_conversation(info.context.user, check_id(id))
        if not (gone.turns or gone.learned):
            raise NotFound("There is no such conversation.")
        return DeletedConversation(turns=gone.turns, learned=gone.learned)

    @mutation("memory:write", "Set a preference, from now or from a moment on; what it was before stays as past.")
    async def set_preference(self, info: Ctx, key: str, value: str, at: datetime | None = None) -> Preference:
        memory, name, text = info.context.services.memory, check_text(key, 100, "key"), check_text(value, 2000, "value")
        record = await memory.prefer(info.context.user, name, text, at=at, provenance=API)
        return Preference.of(record.key or key, record)

    @mutation("memory:write", "Unset a preference: nothing holds from now on. Gives what held; null when nothing did.")
    async def unset_preference(self, info: Ctx, key: str, at: datetime | None = None) -> Preference | None:
        memory, name = info.context.services.memory, check_text(key, 100, "key")
        record = await memory.unset(info.context.user, name, at=at)
        return None if record is None else Preference.of(record.key or key, record)

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
    @subscription("chat", f"Ask, and read the reply while it is made. {SENT_AGAIN}")
    async def chat(
        self, info: Ctx, input: AskInput, idempotency_key: str | None = None
    ) -> AsyncGenerator[ChatEvent, None]:
        services, user = info.context.services, info.context.user
        asked = question(input, services.settings.prompt)
        if idempotency_key is not None:
            key = check_text(idempotency_key, 128, "idempotencyKey")
            async with aclosing(stream_once(services, user, asked, key)) as parts:
                async for part in parts:
                    yield part
            return
        async with aclosing(services.assistant.answer(user, asked)) as events:
            async for event in events:
                yield chat_event(event)
