"""What a client may change."""

import strawberry

from cleo_core.errors import InputError
from cleo_serving.api.graphql.inputs import check_id, check_text, question
from cleo_serving.api.graphql.resolvers import Ctx, answers
from cleo_serving.api.graphql.rights import erase_my_data, export_my_data
from cleo_serving.api.graphql.types.chat import AskInput, Reply, whole_reply
from cleo_serving.api.graphql.types.memory import Forgotten, Memory, Preference, RememberInput
from cleo_serving.api.graphql.types.rights import Export, Receipt

__all__ = ["Mutation"]

FORGET_MOST = 100


@answers("chat")
async def ask(info: Ctx, input: AskInput) -> Reply:
    services, user = info.context.services, info.context.principal.user
    return whole_reply(*await services.assistant.ask(user, question(input, services.settings.prompt)))


@answers("memory:write")
async def remember(info: Ctx, input: RememberInput) -> Memory:
    record = await info.context.services.memory.remember(
        info.context.principal.user,
        check_text(input.content, 20_000, "content"),
        kind=input.kind,
        importance=input.importance,
        provenance={"source": "api"},
    )
    return Memory.of(record)


@answers("memory:write")
async def forget(info: Ctx, ids: list[strawberry.ID]) -> Forgotten:
    if len(ids) > FORGET_MOST:
        # Passing over the rest would leave the caller in the belief that it is gone.
        raise InputError(f"ids holds {len(ids)} entries; {FORGET_MOST} are the most.", hint="Forget them in parts.")
    wanted = [check_id(id) for id in ids]
    return Forgotten(count=await info.context.services.memory.forget(info.context.principal.user, wanted))


@answers("memory:write")
async def set_preference(info: Ctx, key: str, value: str) -> Preference:
    record = await info.context.services.memory.prefer(
        info.context.principal.user,
        check_text(key, 100, "key"),
        check_text(value, 2000, "value"),
        provenance={"source": "api"},
    )
    return Preference.of(record.key or key, record)


@strawberry.type
class Mutation:
    ask: Reply = strawberry.mutation(resolver=ask, description="Ask, and wait for the whole reply.")
    remember: Memory = strawberry.mutation(resolver=remember, description="Keep a memory.")
    forget: Forgotten = strawberry.mutation(
        resolver=forget, description="Forget memories for good. Ids that are not there are no error."
    )
    set_preference: Preference = strawberry.mutation(
        resolver=set_preference, description="Set a preference; what it was before stays on record as past."
    )
    export_my_data: Export = strawberry.mutation(
        resolver=export_my_data, description="All that is kept of the caller, as JSON Lines."
    )
    erase_my_data: Receipt = strawberry.mutation(
        resolver=erase_my_data, description="Erase the caller: keys, memories, conversations. confirm must be ERASE."
    )
