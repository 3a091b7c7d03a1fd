"""The assistant: memory is searched, the model answers, both turns are kept, the reply's origin is recorded."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from cleo_memory import (
    Command,
    Context,
    ErasureEpoch,
    Influence,
    Kind,
    Memory,
    Record,
    UserErased,
    command_of,
    holds,
)
from cleo_serving.chat.composing import Composed, Composer
from cleo_serving.chat.echoes import Echoes, without_echoes
from cleo_serving.chat.events import Delta, Ended, Provenance, Question, ReplyEvent, Started
from cleo_serving.chat.exchange import Exchange, Turns
from cleo_serving.chat.learning import Done, Learning
from cleo_serving.chat.length import sentences_wanted
from cleo_serving.chat.links import LinkFilter
from cleo_serving.chat.prompt import Prompt, PromptBuilder
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
EARLIER = 80
"""The user's latest turns, of all conversations, in which replies are looked for that are not to be given again."""
GUIDANCE_TOKENS = 64
"""Kept free for what the shadow memory may say of the session."""


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
        self._turns = Turns(memory, shadow=settings.shadow)
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

    async def ask(
        self, user: str, question: Question, show: Callable[[ReplyEvent], None] | None = None
    ) -> tuple[Started, Ended]:
        """The same, waited for; `show`, when given, is called with each event as it comes.

        Raises: what `answer` raises.
        """
        told = []
        async with aclosing(self.answer(user, question)) as events:
            async for event in events:
                if show:
                    show(event)
                if not isinstance(event, Delta):
                    told.append(event)
        match told:
            case [Started() as started, Ended() as ended]:
                return started, ended
        raise EngineError("The reply broke off.")

    async def _prepare(self, user: str, question: Question, model: ServedModel) -> tuple[Exchange, Context]:
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
        return Exchange(user, epoch, conversation, question, provenance), context

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

    async def _reply(self, exchange: Exchange, context: Context) -> AsyncGenerator[ReplyEvent]:
        composer, made = await self._composer(exchange, context), Composed()
        begun: Record | None = None
        learning = None
        try:
            async with aclosing(composer.stream(made)) as pieces:
                async for text in pieces:
                    # Not before the engine has taken it: a refused request leaves no half conversation.
                    if begun is None:
                        if (turn := await self._turns.append(exchange, "user", exchange.question.text)) is None:
                            raise Erased("The user was erased while the question waited.")
                        begun = turn
                        learning = self.learning.begin(exchange.user, turn, exchange.epoch)
                        yield Started(exchange.conversation, exchange.provenance)
                    if text:
                        yield Delta(text)
        finally:
            # Also when the client went away: what it was shown belongs to the conversation.
            if begun is not None:
                await asyncio.shield(self._turns.keep_reply(exchange, begun, made.shown))
            self._metrics.tokens.inc(made.made)
        self._metrics.links.inc(made.links_removed)
        assert made.reason is not None, "the composer raises where a reply broke off"
        yield Ended(
            text=made.shown,
            finish_reason=made.reason,
            prompt_tokens=made.prompt_tokens,
            tokens=made.tokens,
            links_removed=made.links_removed,
            resampled=made.resampled,
            learned=await self.learning.learned(learning),
        )

    async def _composer(self, exchange: Exchange, context: Context) -> Composer:
        user, question, provenance = exchange.user, exchange.question, exchange.provenance
        engine, length = provenance.model.engine, self._reply_tokens(question)
        # What a small model said in between draws it away from the fact that is the answer.
        earlier = () if context.answered else context.recent
        turns = [Message("user" if turn.speaker == "user" else "assistant", turn.content) for turn in earlier]

        def prompt(again: str) -> Prompt:
            shown = without_echoes(turns, again)
            guidance = provenance.session.guidance
            return self._prompts.build(engine, user, context.quoted, shown, question.text, length, guidance=guidance)

        # A told fact is said again in the same words.
        guarded = not context.answered
        latest = await self._memory.memories(user, kinds=[Kind.CONVERSATION], first=EARLIER) if guarded else None
        return Composer(
            engine=engine,
            prompt=prompt,
            sampling=lambda built: sampling_of(question, self._settings, built.max_tokens),
            request=provenance.reply_id,
            user=user,
            echoes=Echoes.of(latest.items if latest else (), question.text),
            mark=self._prompts.mark(user),
            link_hosts=self._settings.link_hosts,
            sentences=await self._sentences(user),
        )

    async def _act(self, exchange: Exchange, command: Command) -> AsyncGenerator[ReplyEvent]:
        """Do what the user asks of memory, and say what was done. It is done also when the client goes away."""
        done = await asyncio.shield(self._done(exchange, command))
        links = LinkFilter(self._settings.link_hosts)
        text = links.feed(done.text, last=True)
        await asyncio.shield(self._turns.append(exchange, "assistant", text, {"source": "memory"}))
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

    async def _done(self, exchange: Exchange, command: Command) -> Done:
        asked, turn = exchange.question.text, None
        if command.verb != "forget" and (turn := await self._turns.append(exchange, "user", asked)) is None:
            raise Erased("The user was erased while the question waited.")
        try:
            done = await self.learning.act(exchange.user, command, turn, exchange.epoch)
        except UserErased:
            raise Erased("The user was erased while the question waited.") from None
        if command.verb == "forget" and not holds(asked, done.gone):
            await self._turns.append(exchange, "user", asked)
        return done

    async def _sentences(self, user: str) -> int | None:
        wish = (await self._memory.preferences(user)).get("reply.length")
        return sentences_wanted(None if wish is None else wish.content)
