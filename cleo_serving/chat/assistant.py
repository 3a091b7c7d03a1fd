"""The assistant: memory is searched, the model answers, both turns are kept, the reply's origin is recorded."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from cleo_core.proof import replies
from cleo_memory import (
    Command,
    Context,
    ErasureEpoch,
    Influence,
    Memory,
    MemoryNotFound,
    Record,
    UserErased,
    command_of,
    holds,
)
from cleo_serving.chat.events import Delta, Ended, Provenance, Question, ReplyEvent, Started
from cleo_serving.chat.learning import Done, Learning
from cleo_serving.chat.length import SentenceLimit, sentences_wanted
from cleo_serving.chat.links import LinkFilter
from cleo_serving.chat.prompt import PromptBuilder
from cleo_serving.chat.prompt_injection import signs
from cleo_serving.chat.sampling import sampling_of
from cleo_serving.engine.base import Message
from cleo_serving.errors import EngineError, Erased, NotFound
from cleo_serving.metrics import Metrics
from cleo_serving.model.holder import ModelHolder
from cleo_serving.model.loader import ServedModel
from cleo_serving.security.limits import RateLimits
from cleo_serving.settings import PromptSettings

WINDOW_TURNS = 40
SEARCHED = 8
"""Memories asked for in each lane; how many of them find room is decided in tokens."""
GUIDANCE_TOKENS = 64
"""Kept free for what the shadow memory may say of the session."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One question on its way to a reply."""

    user: str
    epoch: ErasureEpoch
    """The user's before anything of the user was read."""
    conversation: str
    question: Question
    provenance: Provenance


class Assistant:
    """Answers for one model holder and one memory."""

    def __init__(
        self, models: ModelHolder, memory: Memory, settings: PromptSettings, limits: RateLimits, metrics: Metrics
    ) -> None:
        self._models = models
        self._memory = memory
        self._settings = settings
        self._limits = limits
        self._metrics = metrics
        self._prompts = PromptBuilder(settings)
        self.learning = Learning(memory)

    async def answer(self, user: str, question: Question) -> AsyncGenerator[ReplyEvent]:
        """Stream one reply: `Started`, then `Delta` after `Delta`, then `Ended`. Closing it ends the compute.

        Raises:
            RateLimited: the user has as many replies in the making as may be.
            NotFound: the user has no such conversation.
            ModelWithdrawn: no model may answer now.
            Erased: the user was erased while the question waited.
            Overloaded, EngineError: the engine could not take or finish it.
        """
        asked, first = time.monotonic(), True
        with self._limits.generation(user), self._models.borrow() as model:
            exchange, context = await self._prepare(user, question, model)
            command = command_of(question.text)
            reply = self._reply(exchange, context) if command is None else self._act(exchange, command)
            async with aclosing(reply) as events:
                async for event in events:
                    if first and isinstance(event, Delta):
                        self._metrics.first_token.observe(time.monotonic() - asked)
                        first = False
                    yield event

    async def ask(self, user: str, question: Question) -> tuple[Started, Ended]:
        """The same, waited for. Raises what `answer` raises."""
        async with aclosing(self.answer(user, question)) as events:
            told = [event async for event in events if not isinstance(event, Delta)]
        match told:
            case [Started() as started, Ended() as ended]:
                return started, ended
        raise EngineError("The reply broke off.")

    async def _prepare(self, user: str, question: Question, model: ServedModel) -> tuple[_Exchange, Context]:
        # Before anything of the user is read: what is asked before an erasure is not kept after it.
        epoch = await self._memory.epoch(user)
        settings, engine = self._settings, model.engine
        room = self._prompts.room(engine, user, question.text, self._reply_tokens(question))
        context = await self._memory.context(
            user,
            question.text,
            min(settings.memory_tokens, engine.capabilities.context_tokens // 4),
            fact_budget=settings.fact_tokens,
            room=room - GUIDANCE_TOKENS,
            turn_budget=settings.window_tokens,
            conversation=question.conversation,
            turns=WINDOW_TURNS,
            limit=SEARCHED,
            count=engine.count,
        )
        if question.conversation is not None and not context.recent:
            raise NotFound("There is no such conversation.")
        conversation = question.conversation or secrets.token_hex(16)
        session = await self._evaluate_session(user, epoch, conversation, question.text, context.recent)
        provenance = Provenance(
            reply_id=secrets.token_hex(16),
            model=model,
            memories=context.citations,
            degraded=context.degraded,
            signs=signs(question.text),
            session=session,
        )
        for sign in provenance.signs:
            self._metrics.injection.labels(sign).inc()
        for finding in session.findings:
            self._metrics.session.labels(finding.detector).inc()
        return _Exchange(user, epoch, conversation, question, provenance), context

    def _reply_tokens(self, question: Question) -> int:
        return min(question.max_tokens or self._settings.max_tokens, self._settings.max_tokens)

    async def _evaluate_session(
        self, user: str, epoch: ErasureEpoch, conversation: str, text: str, earlier: Sequence[Record]
    ) -> Influence:
        """What the question adds to the session so far; it is noted when the engine has taken it."""
        # Nothing is awaited after this look: nothing is forgotten between it and what is noted of earlier turns.
        if not self._settings.shadow or (now := await self._memory.epoch(user)).erasures != epoch.erasures:
            return Influence()
        shadow = self._memory.shadow
        # Begun in another process, or before this one: unless something was forgotten since it was read.
        if now == epoch and not shadow.knows(user, conversation):
            for turn in earlier:
                shadow.note(user, conversation, turn.speaker or "user", turn.content, at=turn.created_at.timestamp())
        return shadow.evaluate(user, conversation, "user", text)

    async def _reply(self, exchange: _Exchange, context: Context) -> AsyncGenerator[ReplyEvent]:
        settings, question, provenance = self._settings, exchange.question, exchange.provenance
        engine = provenance.model.engine
        prompt = self._prompts.build(
            engine,
            exchange.user,
            context.text,
            [Message("user" if turn.speaker == "user" else "assistant", turn.content) for turn in context.recent],
            question.text,
            self._reply_tokens(question),
            guidance=provenance.session.guidance,
        )
        sampling = sampling_of(question, settings, prompt.max_tokens)
        links, limit = LinkFilter(settings.link_hosts), SentenceLimit(await self._sentences(exchange.user))
        shown, reason, tokens = "", None, 0
        begun: Record | None = None
        learning = None
        try:
            stream = engine.stream(prompt.tokens, sampling, request=provenance.reply_id, user=exchange.user)
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    # Not before the engine has taken it: a refused request leaves no half conversation.
                    if begun is None:
                        if (turn := await self._append(exchange, "user", question.text)) is None:
                            raise Erased("The user was erased while the question waited.")
                        begun = turn
                        learning = self.learning.begin(exchange.user, turn, exchange.epoch)
                        yield Started(exchange.conversation, provenance)
                    reason, tokens = piece.finish_reason, piece.tokens
                    text = limit.feed(links.feed(piece.text, last=reason is not None))
                    shown += text
                    if text:
                        yield Delta(text)
                    if limit.reached:
                        reason = "stop"
                        break
            if reason is None:
                raise EngineError("The reply broke off.")
        finally:
            # Also when the client went away: what it was shown belongs to the conversation.
            if begun is not None:
                await asyncio.shield(self._keep(exchange, begun, shown))
        self._metrics.tokens.inc(tokens)
        self._metrics.links.inc(links.removed)
        yield Ended(
            text=shown,
            finish_reason=reason,
            prompt_tokens=len(prompt.tokens),
            tokens=tokens,
            links_removed=links.removed,
            learned=await self.learning.learned(learning),
        )

    async def _act(self, exchange: _Exchange, command: Command) -> AsyncGenerator[ReplyEvent]:
        """Do what the user asks of memory, and say what was done. It is done also when the client goes away."""
        done = await asyncio.shield(self._done(exchange, command))
        links = LinkFilter(self._settings.link_hosts)
        text = links.feed(done.text, last=True)
        await asyncio.shield(self._append(exchange, "assistant", text, {"source": "memory"}))
        yield Started(exchange.conversation, replace(exchange.provenance, memories=()))
        yield Delta(text)
        yield Ended(
            text=text,
            finish_reason="stop",
            prompt_tokens=0,
            tokens=0,
            links_removed=links.removed,
            learned=done.learned,
            composed=True,
        )

    async def _done(self, exchange: _Exchange, command: Command) -> Done:
        asked, turn = exchange.question.text, None
        if command.verb != "forget" and (turn := await self._append(exchange, "user", asked)) is None:
            raise Erased("The user was erased while the question waited.")
        try:
            done = await self.learning.act(exchange.user, command, turn, exchange.epoch)
        except UserErased:
            raise Erased("The user was erased while the question waited.") from None
        if command.verb == "forget" and not holds(asked, done.gone):
            await self._append(exchange, "user", asked)
        return done

    async def _sentences(self, user: str) -> int | None:
        wish = (await self._memory.preferences(user)).get("reply.length")
        return sentences_wanted(None if wish is None else wish.content)

    async def _keep(self, exchange: _Exchange, asked: Record, text: str) -> None:
        await asyncio.to_thread(replies.append, exchange.provenance.receipt())
        if text.strip():
            await self._append(exchange, "assistant", text, exchange.provenance.of_turn(), answers=asked.id)

    async def _append(
        self,
        exchange: _Exchange,
        role: str,
        text: str,
        provenance: dict[str, str] | None = None,
        *,
        answers: str | None = None,
    ) -> Record | None:
        """Write a turn, unless the user was erased since, by whatever process, or what it answers was forgotten."""
        user, conversation = exchange.user, exchange.conversation
        try:
            turn = await self._memory.append(
                user, conversation, role, text, provenance=provenance, epoch=exchange.epoch, answers=answers
            )
        except (UserErased, MemoryNotFound):
            return None
        if self._settings.shadow:
            self._memory.shadow.note(user, conversation, role, text)
        return turn
