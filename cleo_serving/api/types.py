"""What the GraphQL API speaks of."""

import json
from datetime import datetime
from enum import Enum
from typing import Annotated, Generic, TypeVar

import strawberry

from cleo_memory import Kind, Record, Stats
from cleo_memory.lifecycle.erase import Receipt as Erased
from cleo_serving.chat import assistant
from cleo_serving.model.holder import ServedModel

__all__ = [
    "AskInput",
    "ChatEnded",
    "ChatEvent",
    "ChatStarted",
    "ChatToken",
    "Connection",
    "Conversation",
    "ConversationSummary",
    "Edge",
    "Export",
    "Forgotten",
    "Health",
    "Memory",
    "MemoryHit",
    "MemoryKind",
    "MemoryStats",
    "Model",
    "PageInfo",
    "Preference",
    "Provenance",
    "Receipt",
    "RememberInput",
    "Reply",
    "Turn",
]

T = TypeVar("T")

MemoryKind = strawberry.enum(Kind, name="MemoryKind", description="What sort of memory it is.")


@strawberry.enum(description="Why a reply ended.")
class FinishReason(Enum):
    STOP = "stop"
    LENGTH = "length"
    ABORT = "abort"


@strawberry.input(description="A question. Who asks is known from the token alone.")
class AskInput:
    text: str
    conversation_id: strawberry.ID | None = strawberry.field(
        default=None, description="Go on with this conversation; a new one begins without it."
    )
    temperature: float | None = strawberry.field(default=None, description="0 to 2; 0 takes the likeliest words.")
    max_tokens: int | None = strawberry.field(default=None, description="Longest reply, in tokens.")


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
    def of(cls, value: assistant.Provenance) -> "Provenance":
        return cls(
            reply_id=strawberry.ID(value.reply_id),
            model_name=value.model.name,
            model_version=value.model.version,
            bundle_digest=value.model.bundle_digest,
            approval_id=value.model.approval_id,
            approved_by=value.model.approved_by,
            memories=[
                UsedMemory(id=strawberry.ID(m.id), kind=m.kind, score=m.score, why=m.why) for m in value.memories
            ],
            degraded=list(value.degraded),
            signs=list(value.signs),
            session=[
                SessionFinding(detector=f.detector, score=round(f.score, 3), why=f.why) for f in value.session.findings
            ],
            guidance=value.session.guidance,
        )


@strawberry.type
class Reply:
    id: strawberry.ID
    conversation_id: strawberry.ID
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    tokens: int
    links_removed: int
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


ChatEvent = Annotated[ChatStarted | ChatToken | ChatEnded, strawberry.union("ChatEvent")]


@strawberry.type
class Memory:
    id: strawberry.ID
    kind: MemoryKind  # type: ignore[valid-type]  # strawberry turns the enum into a type at run time
    content: str
    key: str | None
    speaker: str | None
    conversation_id: strawberry.ID | None
    importance: float
    created_at: datetime
    valid_from: datetime
    valid_to: datetime | None

    @classmethod
    def of(cls, record: Record) -> "Memory":
        return cls(
            id=strawberry.ID(record.id),
            kind=record.kind,
            content=record.content,
            key=record.key,
            speaker=record.speaker,
            conversation_id=None if record.conversation is None else strawberry.ID(record.conversation),
            importance=record.importance,
            created_at=record.created_at,
            valid_from=record.valid_from,
            valid_to=record.valid_to,
        )


@strawberry.type(description="One summand of a score.")
class Part:
    name: str
    value: float


@strawberry.type
class MemoryHit:
    memory: Memory
    score: float
    parts: list[Part]


@strawberry.input
class RememberInput:
    content: str
    kind: MemoryKind = Kind.EPISODIC  # type: ignore[valid-type]
    importance: float = 0.5


@strawberry.type
class Turn:
    id: strawberry.ID
    role: str
    content: str
    at: datetime

    @classmethod
    def of(cls, record: Record) -> "Turn":
        return cls(
            id=strawberry.ID(record.id), role=record.speaker or "user", content=record.content, at=record.valid_from
        )


@strawberry.type
class Conversation:
    id: strawberry.ID
    turns: list[Turn]


@strawberry.type
class ConversationSummary:
    id: strawberry.ID
    turn_count: int
    created_at: datetime
    updated_at: datetime


@strawberry.type
class Preference:
    key: str
    value: str
    since: datetime


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


@strawberry.type(description="How many memories were forgotten.")
class Forgotten:
    count: int


@strawberry.type
class Count:
    name: str
    count: int


@strawberry.type
class MemoryStats:
    memories: int
    bytes: int
    conversations: int
    kinds: list[Count]
    tiers: list[Count]

    @classmethod
    def of(cls, stats: Stats) -> "MemoryStats":
        return cls(
            memories=stats.memories,
            bytes=stats.bytes,
            conversations=stats.conversations,
            kinds=[Count(name=name, count=count) for name, count in sorted(stats.kinds.items())],
            tiers=[Count(name=name, count=count) for name, count in sorted(stats.tiers.items())],
        )


@strawberry.type(description="All that is kept of a user, as JSON Lines.")
class Export:
    lines: int
    sha256: str
    content: str


@strawberry.type(description="What became of the copies in a store outside the catalogue: purged, or pending.")
class StoreState:
    name: str
    state: str


@strawberry.type(description="Signed proof that a user was erased.")
class Receipt:
    id: strawberry.ID
    subject: str
    erased_at: str
    memories: int
    conversations: int
    keys_destroyed: int
    stores: list[StoreState]
    envelope: str = strawberry.field(description="The signed form, as JSON: keep it.")

    @classmethod
    def of(cls, receipt: Erased) -> "Receipt":
        return cls(
            id=strawberry.ID(receipt.id),
            subject=receipt.subject,
            erased_at=receipt.erased_at,
            memories=receipt.memories,
            conversations=receipt.conversations,
            keys_destroyed=receipt.keys_destroyed,
            stores=[StoreState(name=name, state=state) for name, state in sorted(receipt.stores.items())],
            envelope=json.dumps(receipt.envelope, sort_keys=True),
        )


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
        return cls(
            name=model.name,
            version=model.version,
            signed=model.signed,
            bundle_digest=model.bundle_digest,
            approval_id=model.approval_id,
            approved_by=model.approved_by,
            architecture=able.architecture,
            engine=able.name,
            context_tokens=able.context_tokens,
            dtype=able.dtype,
            device=able.device,
            loaded_at=model.loaded_at,
        )


@strawberry.type
class Health:
    ready: bool
    model_version: str
    active: int
    waiting: int
