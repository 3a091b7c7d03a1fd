"""One question, one reply: memory is searched, the model answers, both turns are kept, and where the reply came from
is written down."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from weakref import WeakValueDictionary

from cleo_core.provenance import replies
from cleo_core.telemetry import get_logger
from cleo_memory import Kind, Memory, Record
from cleo_memory.errors import MemoryNotFound
from cleo_memory.library import document
from cleo_memory.lifecycle.erase import Receipt
from cleo_memory.retrieval import Match, build_context
from cleo_serving.engine.base import FinishReason, Message, Sampling
from cleo_serving.errors import EngineError, Erased, NotFound
from cleo_serving.metrics import Metrics
from cleo_serving.models import ModelHolder, ServedModel
from cleo_serving.prompt import PromptBuilder
from cleo_serving.security.injection import signs
from cleo_serving.security.links import LinkFilter
from cleo_serving.settings import PromptSettings

__all__ = ["Assistant", "Begun", "Delta", "Ended", "Provenance", "Question", "UsedMemory"]

log = get_logger(__name__)

FOUND = 8
"""Memories asked for; how many of them find room is decided in tokens."""
WINDOW_TURNS = 40
WORTH_SHOWING = 0.5
"""Share of the best score from which a memory is shown: a small model is led astray by what does not bear on it."""
WITHOUT_REASON = "nothing else was found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    text: str
    conversation: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class UsedMemory:
    """A memory that stood in the prompt, and why."""

    id: str
    kind: str
    score: float
    why: str


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
        self._lives: Counter[str] = Counter()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answer(self, user: str, question: Question) -> AsyncGenerator[Begun | Delta | Ended]:
        """Stream one reply: `Begun`, then `Delta` after `Delta`, then `Ended`. Closing it ends the compute.

        Raises:
            NotFound: the user has no such conversation.
            ModelWithdrawn: no model may answer now.
            Erased: the user was erased while the question waited.
            Overloaded, EngineError: the engine could not take or finish it.
        """
        # Before anything of the user is read: what is asked before an erasure is not kept after it.
        life = self._lives[user]
        earlier = await self._earlier(user, question.conversation)
        conversation = question.conversation or new_id()
        with self._models.borrow() as model:
            notes, used, degraded = await self._notes(user, question.text, earlier, model)
            provenance = Provenance(
                reply_id=new_id(),
                model=model,
                memories=used,
                degraded=degraded,
                signs=signs(question.text),
            )
            for sign in provenance.signs:
                self._metrics.injection.labels(sign).inc()
            prompt = self._prompts.build(
                model.engine,
                user,
                notes,
                [Message("user" if turn.speaker == "user" else "assistant", turn.content) for turn in earlier],
                question.text,
                min(question.max_tokens or self._settings.max_tokens, self._settings.max_tokens),
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
            await self._append(user, life, conversation, "assistant", text, origin)

    async def _append(
        self, user: str, life: int, conversation: str, role: str, text: str, origin: dict[str, str] | None = None
    ) -> bool:
        """Write a turn, unless the user was erased since."""
        async with self._lock(user):
            if life != self._lives[user]:
                return False
            await self._memory.append(user, conversation, role, text, provenance=origin)
            return True

    def _lock(self, user: str) -> asyncio.Lock:
        """No turn is written between an erasure and its receipt."""
        return self._locks.setdefault(user, asyncio.Lock())

    async def _earlier(self, user: str, conversation: str | None) -> list[Record]:
        if conversation is None:
            return []
        turns = await self._memory.window(user, conversation, turns=WINDOW_TURNS)
        if not turns:
            raise NotFound("There is no such conversation.")
        return turns

    async def _notes(
        self, user: str, text: str, earlier: Sequence[Record], model: ServedModel
    ) -> tuple[str, tuple[UsedMemory, ...], tuple[str, ...]]:
        """Text for the prompt, what stands in it, and why it is less than it could be."""
        budget = min(self._settings.memory_tokens, model.engine.capabilities.context_tokens // 4)
        hits = await self._memory.search(user, text, limit=FOUND)
        shown = {turn.id for turn in earlier}
        best = max((hit.score for hit in hits), default=0.0)
        found = [
            (Match(hit.record.id, hit.score, dict(hit.parts)), document(hit.record))
            for hit in hits
            if hit.record.id not in shown and hit.score >= WORTH_SHOWING * best
        ]
        preferences = await self._memory.preferences(user)
        lines, known = [], []
        for key, record in preferences.items():
            line = f"{key}: {' '.join(record.content.split())}"
            if (price := model.engine.count(line) + 1) <= budget // 2:
                budget -= price
                lines.append(line)
                known.append(UsedMemory(record.id, str(record.kind), 1.0, "is a preference of the user"))
        listed = {memory.id for memory in known}
        context = await asyncio.to_thread(
            build_context,
            [pair for pair in found if pair[0].id not in listed],
            token_budget=budget,
            count=model.engine.count,
        )
        kinds = {hit.record.id: str(hit.record.kind) for hit in hits}
        used = [
            UsedMemory(cited.id, kinds.get(cited.id, str(Kind.EPISODIC)), cited.score, cited.because or WITHOUT_REASON)
            for cited in context.citations
        ]
        notes = "\n".join([*lines, context.text] if context.text else lines)
        return notes, (*known, *used), hits.degraded

    async def erase(self, user: str) -> Receipt:
        """Erase the user; what was begun before the receipt is not kept after it."""
        self._lives[user] += 1
        async with self._lock(user):
            try:
                return await self._memory.erase(user)
            finally:
                self._lives[user] += 1

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
