"""GraphQL types of a question, its reply, and the model that answers."""

from datetime import datetime
from enum import Enum
from typing import Annotated, TypeAlias

import strawberry

from cleo_serving.api.graphql.types import show
from cleo_serving.chat import events
from cleo_serving.model.holder import ModelHolder
from cleo_serving.model.loader import ServedModel


@strawberry.enum(description="Why a reply ended.")
class FinishReason(Enum):
    STOP = "stop"
    LENGTH = "length"
    REPETITION = "repetition"
    ABORT = "abort"


@strawberry.input(description="A question. Who asks is known from the token alone.")
class AskInput:
    text: str
    conversation_id: strawberry.ID | None = strawberry.field(
        default=None, description="Go on with this conversation; a new one begins without it."
    )
    temperature: float | None = strawberry.field(default=None, description="0 to 2; 0 takes the likeliest words.")
    max_tokens: int | None = strawberry.field(default=None, description="Longest reply, in tokens.")
    top_p: float | None = strawberry.field(
        default=None, description="Over 0, at most 1: only the likeliest tokens that together have this probability."
    )
    top_k: int | None = strawberry.field(default=None, description="0 to 1000: only so many of the likeliest; 0: all.")
    min_p: float | None = strawberry.field(
        default=None, description="0 to 1: only tokens at least so likely as this share of the likeliest one."
    )
    repetition_penalty: float | None = strawberry.field(default=None, description="0.5 to 2; 1 changes nothing.")
    presence_penalty: float | None = strawberry.field(default=None, description="-2 to 2.")
    frequency_penalty: float | None = strawberry.field(default=None, description="-2 to 2.")
    seed: int | None = strawberry.field(default=None, description="The same seed gives the same reply, if it can.")
    stop: list[str] | None = strawberry.field(default=None, description="The reply ends before the first of these.")
    json_schema: str | None = strawberry.field(
        default=None, description="A JSON schema, as JSON, that the reply must fit; not every engine can."
    )


@strawberry.type(description="A memory that stood before the model, and why.")
class UsedMemory:
    id: strawberry.ID
    kind: str
    score: float
    why: str


@strawberry.type(description="What the shadow memory saw in this session: which detector fired, how strongly, why.")
class SessionFinding:
    detector: str
    score: float
    why: str


@strawberry.type(description="Where a reply comes from; `cleo verify REPLY_ID` walks the proof back to the corpus.")
class Provenance:
    reply_id: strawberry.ID
    model_name: str
    model_version: str
    bundle_digest: str
    approval_id: str
    approved_by: str
    memories: list[UsedMemory]
    degraded: list[str] = strawberry.field(description="Why memory gave less than it has; empty when it did not.")
    signs: list[str] = strawberry.field(description="Signs of prompt injection in the question.")
    session: list[SessionFinding] = strawberry.field(description="Findings in this session; they shaped the reply.")
    guidance: str = strawberry.field(description="The sentences that the findings put before the model; none: empty.")

    @classmethod
    def of(cls, value: events.Provenance) -> "Provenance":
        return show(
            cls,
            value.model,
            reply_id=value.reply_id,
            model_name=value.model.name,
            model_version=value.model.version,
            memories=[show(UsedMemory, memory, why=memory.reason) for memory in value.memories],
            degraded=list(value.degraded),
            signs=list(value.signs),
            session=[show(SessionFinding, found, score=round(found.score, 3)) for found in value.session.findings],
            guidance=value.session.guidance,
        )


@strawberry.type(description="What was kept of a question as a fact or preference; `forget` undoes it.")
class LearnedMemory:
    id: strawberry.ID
    kind: str
    key: str | None = strawberry.field(description="What it is about: dog.name, home.city; null: as it was said.")
    content: str

    @classmethod
    def all_of(cls, ended: events.Ended) -> "list[LearnedMemory]":
        return [
            cls(id=strawberry.ID(record.id), kind=str(record.kind), key=record.key, content=record.content)
            for record in ended.learned
        ]


RESAMPLED = "How often it was made anew, because it would have been an earlier reply to another message word for word."
COMPOSED = "The reply says what memory did at the user's request; no model made it, and it has no receipt."


@strawberry.type
class Reply:
    id: strawberry.ID
    conversation_id: strawberry.ID
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    tokens: int
    links_removed: int
    resampled: int = strawberry.field(description=RESAMPLED)
    learned: list[LearnedMemory]
    composed: bool = strawberry.field(description=COMPOSED)
    provenance: Provenance


@strawberry.type(description="The reply begins.")
class ChatStarted:
    conversation_id: strawberry.ID
    provenance: Provenance


@strawberry.type(description="The next piece of text.")
class ChatToken:
    text: str


@strawberry.type(description="The reply is whole.")
class ChatEnded:
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    tokens: int
    links_removed: int
    resampled: int = strawberry.field(description=RESAMPLED)
    learned: list[LearnedMemory]
    composed: bool = strawberry.field(description=COMPOSED)


ChatEvent: TypeAlias = Annotated[ChatStarted | ChatToken | ChatEnded, strawberry.union("ChatEvent")]


def chat_event(event: events.ReplyEvent) -> ChatStarted | ChatToken | ChatEnded:
    """An event of the assistant as a subscription gives it."""
    match event:
        case events.Started():
            return ChatStarted(
                conversation_id=strawberry.ID(event.conversation), provenance=Provenance.of(event.provenance)
            )
        case events.Delta():
            return ChatToken(text=event.text)
        case events.Ended():
            learned = LearnedMemory.all_of(event)
            return show(ChatEnded, event, finish_reason=FinishReason(event.finish_reason), learned=learned)


def whole_reply(started: events.Started, ended: events.Ended) -> Reply:
    """A reply that was waited for."""
    return show(
        Reply,
        ended,
        id=started.provenance.reply_id,
        conversation_id=started.conversation,
        finish_reason=FinishReason(ended.finish_reason),
        learned=LearnedMemory.all_of(ended),
        provenance=Provenance.of(started.provenance),
    )


def whole_events(reply: Reply) -> tuple[ChatStarted, ChatToken, ChatEnded]:
    """A reply that is whole already, as a subscription gives it."""
    started = ChatStarted(conversation_id=reply.conversation_id, provenance=reply.provenance)
    return started, ChatToken(text=reply.text), show(ChatEnded, reply)


@strawberry.type(description="The model that answers now.")
class Model:
    name: str
    version: str
    signed: bool
    bundle_digest: str
    approval_id: str
    approved_by: str
    architecture: str
    engine: str
    context_tokens: int
    dtype: str
    device: str
    loaded_at: datetime

    @classmethod
    def of(cls, model: ServedModel) -> "Model":
        able = model.engine.capabilities
        return show(
            cls,
            model,
            architecture=able.architecture,
            engine=able.name,
            context_tokens=able.context_tokens,
            dtype=able.dtype,
            device=able.device,
        )


@strawberry.type
class Health:
    ready: bool
    model_version: str
    active: int
    waiting: int

    @classmethod
    def of(cls, models: ModelHolder) -> "Health":
        return show(cls, models.current.engine.stats(), ready=models.ready, model_version=models.current.version)
