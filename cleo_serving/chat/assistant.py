"""One question, one reply: memory is searched, the model answers, both turns are kept, and where the reply came from
is written down."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from cleo_core.proof import replies
from cleo_core.telemetry import get_logger
from cleo_memory import Memory, Record
from cleo_memory.errors import MemoryNotFound, UserErased
from cleo_memory.session.shadow import UNMOVED, Influence
from cleo_serving.chat.injection import signs
from cleo_serving.chat.links import LinkFilter
from cleo_serving.chat.notes import UsedMemory, recollect
from cleo_serving.chat.prompt import PromptBuilder
from cleo_serving.engine.base import FinishReason, Message, Sampling
from cleo_serving.errors import EngineError, Erased, NotFound
from cleo_serving.metrics import Metrics
from cleo_serving.model.holder import ModelHolder, ServedModel
from cleo_serving.settings import PromptSettings

__all__ = ["Assistant", "Begun", "Delta", "Ended", "Provenance", "Question"]

log = get_logger(__name__)

WINDOW_TURNS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    text: str
    conversation: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a reply comes from. `cleo verify REPLY_ID` walks on from here."""

    reply_id: str
    model: ServedModel
    memories: tuple[UsedMemory, ...]
    degraded: tuple[str, ...] = ()
    """Why memory could give less than it has; empty when it could not be better."""
    signs: tuple[str, ...] = ()
    """Signs of prompt injection in the question."""
    session: Influence = UNMOVED
    """What the shadow memory saw in this session, and the sentences that the model was therefore given."""


@dataclass(frozen=True, slots=True)
class Begun:
    conversation: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Delta:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    tokens: int
    links_removed: int


class Assistant:
    """Answers for one model holder and one memory."""

    def __init__(self, models: ModelHolder, memory: Memory, settings: PromptSettings, metrics: Metrics) -> None:
        self._models = models
        self._memory = memory
        self._settings = settings
        self._metrics = metrics
        self._prompts = PromptBuilder(settings)

    async def answer(self, user: str, question: Question) -> AsyncGenerator[Begun | Delta | Ended]:
        """Stream one reply: `Begun`, then `Delta` after `Delta`, then `Ended`. Closing it ends the compute.

        Raises:
            NotFound: the user has no such conversation.
            ModelWithdrawn: no model may answer now.
            Erased: the user was erased while the question waited.
            Overloaded, EngineError: the engine could not take or finish it.
        """
        # Before anything of the user is read: what is asked before an erasure is not kept after it.
        life, forgotten = await self._memory.life(user), self._memory.shadow.forgotten(user)
        earlier = await self._earlier(user, question.conversation)
        conversation = question.conversation or new_id()
        with self._models.borrow() as model:
            known = await recollect(self._memory, self._settings, user, question.text, earlier, model.engine)
            provenance = Provenance(
                reply_id=new_id(),
                model=model,
                memories=known.used,
                degraded=known.degraded,
                signs=signs(question.text),
                session=await self._session(user, life, forgotten, conversation, question.text, earlier),
            )
            for sign in provenance.signs:
                self._metrics.injection.labels(sign).inc()
            for finding in provenance.session.findings:
                self._metrics.session.labels(finding.detector).inc()
            prompt = self._prompts.build(
                model.engine,
                user,
                known.notes,
                [Message("user" if turn.speaker == "user" else "assistant", turn.content) for turn in earlier],
                question.text,
                min(question.max_tokens or self._settings.max_tokens, self._settings.max_tokens),
                guidance=provenance.session.guidance,
            )
            temperature = self._settings.temperature if question.temperature is None else question.temperature
            sampling = Sampling(temperature=temperature, max_tokens=prompt.max_tokens)
            async with aclosing(
                self._reply(user, life, conversation, question, provenance, prompt.tokens, sampling)
            ) as parts:
                async for part in parts:
                    yield part

    async def _reply(
        self,
        user: str,
        life: int,
        conversation: str,
        question: Question,
        provenance: Provenance,
        prompt: Sequence[int],
        sampling: Sampling,
    ) -> AsyncGenerator[Begun | Delta | Ended]:
        links = LinkFilter(self._settings.link_hosts)
        model, shown, reason, tokens, begun = provenance.model, "", None, 0, False
        try:
            async with aclosing(model.engine.stream(prompt, sampling, request=provenance.reply_id)) as pieces:
                async for piece in pieces:
                    # Not before the engine has taken it: a refused request leaves no half conversation.
                    if not begun:
                        if not await self._append(user, life, conversation, "user", question.text):
                            raise Erased("The user was erased while the question waited.")
                        begun = True
                        yield Begun(conversation, provenance)
                    reason, tokens = piece.finish_reason, piece.tokens
                    text = links.feed(piece.text, last=reason is not None)
                    shown += text
                    if text:
                        yield Delta(text)
            if reason is None:
                raise EngineError("The reply broke off.")
        finally:
            # Also when the client went away: what it was shown belongs to the conversation.
            if begun:
                await asyncio.shield(self._keep(user, conversation, shown, provenance, life))
        self._metrics.tokens.inc(tokens)
        yield Ended(
            text=shown, finish_reason=reason, prompt_tokens=len(prompt), tokens=tokens, links_removed=links.removed
        )

    async def _keep(self, user: str, conversation: str, text: str, provenance: Provenance, life: int) -> None:
        model = provenance.model
        await asyncio.to_thread(
            replies.append,
            replies.Reply(
                id=provenance.reply_id,
                model=model.name,
                version=model.number,
                bundle_digest=model.bundle_digest,
                approval_id=model.approval_id,
                memories=tuple(memory.id for memory in provenance.memories),
            ),
        )
        if text.strip():
            origin = {"source": "reply", "reply": provenance.reply_id, "model": f"{model.name}/{model.version}"}
            if found := provenance.session.findings:
                origin["session"] = ",".join(finding.detector for finding in found)
            await self._append(user, life, conversation, "assistant", text, origin)

    async def _append(
        self, user: str, life: int, conversation: str, role: str, text: str, origin: dict[str, str] | None = None
    ) -> bool:
        """Write a turn, unless the user was erased since, by whatever process."""
        try:
            await self._memory.append(user, conversation, role, text, provenance=origin, life=life)
        except UserErased:
            return False
        if self._settings.shadow:
            self._memory.shadow.note(user, conversation, role, text)
        return True

    async def _session(
        self, user: str, life: int, forgotten: int, conversation: str, text: str, earlier: Sequence[Record]
    ) -> Influence:
        """What the question adds to the session so far; it is noted when the engine has taken it."""
        # Nothing is awaited after this look: nothing is forgotten between it and what is noted of earlier turns.
        if not self._settings.shadow or life != await self._memory.life(user):
            return UNMOVED
        shadow = self._memory.shadow
        if forgotten != shadow.forgotten(user):
            return shadow.weigh(user, conversation, "user", text)
        if not shadow.knows(user, conversation):  # begun in another process, or before this one
            for turn in earlier:
                shadow.note(user, conversation, turn.speaker or "user", turn.content, at=turn.created_at.timestamp())
        return shadow.weigh(user, conversation, "user", text)

    async def _earlier(self, user: str, conversation: str | None) -> list[Record]:
        if conversation is None:
            return []
        turns = await self._memory.window(user, conversation, turns=WINDOW_TURNS)
        if not turns:
            raise NotFound("There is no such conversation.")
        return turns

    async def turns(self, user: str, conversation: str) -> list[Record]:
        """The last turns of a conversation of this user.

        Raises:
            NotFound: there is none, or it is another user's.
        """
        try:
            found = await self._memory.window(user, conversation, turns=200)
        except MemoryNotFound:
            found = []
        if not found:
            raise NotFound("There is no such conversation.")
        return found


def new_id() -> str:
    return secrets.token_hex(16)
