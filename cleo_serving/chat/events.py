"""A question, and the one type of event that its reply is made of: `Started`, `Delta` after `Delta`, `Ended`.

Every door of the API (GraphQL, its subscriptions, others to come) takes these events and writes them in its own form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cleo_core.proof import replies
from cleo_memory import Citation, Influence, Record
from cleo_serving.engine.base import FinishReason
from cleo_serving.model.loader import ServedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    text: str
    conversation: str | None = None
    """None begins a new one."""
    temperature: float | None = None
    max_tokens: int | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Further parameters of `Sampling` that the client gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a reply comes from. `cleo verify REPLY_ID` walks on from here."""

    reply_id: str
    model: ServedModel
    memories: tuple[Citation, ...]
    """What stood in the notes before the model."""
    degraded: tuple[str, ...] = ()
    """Why memory could give less than it has; empty when it could not be better."""
    signs: tuple[str, ...] = ()
    """Signs of prompt injection in the question."""
    session: Influence
    """What the shadow memory saw in this session, and the sentences that the model was therefore given."""

    def receipt(self) -> replies.Reply:
        """The row that `cleo verify` starts from: model, approval and memories, no word of what was said."""
        model = self.model
        return replies.Reply(
            id=self.reply_id,
            model=model.name,
            version=model.number,
            bundle_digest=model.bundle_digest,
            approval_id=model.approval_id,
            memories=tuple(memory.id for memory in self.memories),
        )

    def of_turn(self) -> dict[str, str]:
        """Where the assistant's turn came from, as memory keeps it beside the turn."""
        origin = {"source": "reply", "reply": self.reply_id, "model": f"{self.model.name}/{self.model.version}"}
        if found := self.session.findings:
            origin["session"] = ",".join(finding.detector for finding in found)
        return origin


@dataclass(frozen=True, slots=True)
class Started:
    conversation: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The reply is whole."""

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    tokens: int
    links_removed: int
    resampled: int = 0
    """How often it was made anew, because it would have been an earlier reply word for word."""
    learned: tuple[Record, ...] = ()
    """What was kept of the question as facts and preferences; `forget` undoes it."""
    composed: bool = False
    """Made of what memory did, at the user's request, and not by the model: such a reply has no receipt."""


ReplyEvent: TypeAlias = Started | Delta | Ended
