"""A talk on the command line: with the memory of a user, as the API has it, or without any."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Protocol

from cleo_core.terminal import printable
from cleo_memory import Memory, open_memory
from cleo_serving.chat.assistant import Assistant
from cleo_serving.chat.events import Delta, Question, Started
from cleo_serving.engine.base import Engine, Message, Sampling
from cleo_serving.engine.text import complete
from cleo_serving.errors import NotFound
from cleo_serving.local.engine import fit
from cleo_serving.metrics import Metrics
from cleo_serving.model.holder import ModelHolder
from cleo_serving.model.loader import ServedModel
from cleo_serving.security.limits import RateLimits
from cleo_serving.settings import RateSettings, ServingSettings

ID = re.compile(r"[0-9a-f]{26}")
Show = Callable[[str], None]


class Talk(Protocol):
    """What `cleo interactive` converses with."""

    @property
    def name(self) -> str:
        """Of the model's architecture."""
        ...

    async def answer(self, text: str, show: Show) -> None:
        """Answer a text; `show` is called with each piece of the reply as it comes."""
        ...

    def begin_anew(self) -> None:
        """Begin another conversation."""
        ...

    async def known(self) -> str:
        """What is remembered of the user, for the person who asks."""
        ...

    async def forget(self, what: str) -> str:
        """Forget a memory by its id, or what a text speaks of; says what was done."""
        ...


class Remembering:
    """A talk that has the memory of a user: the API's own assistant over a model in this process."""

    def __init__(self, memory: Memory, model: ServedModel, settings: ServingSettings, user: str, sampling: Sampling):
        """`settings`: those whose prompt section is used."""
        self._memory, self._user, self._sampling = memory, user, sampling
        self.name = model.engine.capabilities.architecture
        # Shares are between users of a server; here there is one.
        limits = RateLimits(RateSettings())
        self._assistant = Assistant(ModelHolder(model, settings), memory, settings.prompt, limits, Metrics())
        self._conversation: str | None = None

    async def answer(self, text: str, show: Show) -> None:
        try:
            await self._answer(text, show)
        except NotFound:  # all of this conversation was forgotten
            self._conversation = None
            await self._answer(text, show)

    async def _answer(self, text: str, show: Show) -> None:
        question = Question(
            text=text,
            conversation=self._conversation,
            temperature=self._sampling.temperature,
            max_tokens=self._sampling.max_tokens,
            sampling=self._sampling.options(),
        )
        async with aclosing(self._assistant.answer(self._user, question)) as events:
            async for event in events:
                if isinstance(event, Started):
                    self._conversation = event.conversation
                elif isinstance(event, Delta):
                    show(event.text)

    def begin_anew(self) -> None:
        self._conversation = None

    async def known(self) -> str:
        told = await self._memory.told(self._user)
        lines = [f"{each.id}  {f'{each.key}: ' if each.key else ''}{each.content}" for each in told]
        return "\n".join(printable(line, lines=False) for line in lines) or "Nothing is remembered."

    async def forget(self, what: str) -> str:
        if ID.fullmatch(what):
            return f"{await self._memory.forget(self._user, what)} forgotten."
        gone = await self._memory.forget_told(self._user, what)
        lines = [f"forgotten: {printable(each.content, lines=False)}" for each in gone.told]
        return "\n".join(lines) or "Nothing that is remembered speaks of that; /memory lists what is."


class Forgetful:
    """A talk without memory: what was said goes with it."""

    def __init__(self, engine: Engine, system: str, sampling: Sampling) -> None:
        self._engine, self._system, self._sampling = engine, system, sampling
        self.name = engine.capabilities.architecture
        self._turns: list[Message] = []
        self._number = 0

    async def answer(self, text: str, show: Show) -> None:
        asked, shown = Message("user", text), list[str]()
        tokens = fit(self._engine, self._system, [*self._turns, asked], self._sampling.max_tokens)

        def keep(part: str) -> None:
            shown.append(part)
            show(part)

        self._number += 1
        try:
            await complete(self._engine, tokens, self._sampling, f"turn-{self._number}", keep)
        finally:  # what was shown of a reply that was stopped belongs to the talk
            self._turns += [asked, Message("assistant", "".join(shown))]

    def begin_anew(self) -> None:
        self._turns.clear()

    async def known(self) -> str:
        return "Nothing is remembered: this talk is without memory (--no-memory)."

    async def forget(self, what: str) -> str:
        return await self.known()


@asynccontextmanager
async def remembering(
    opening: AbstractAsyncContextManager[ServedModel],
    settings: ServingSettings,
    user: str,
    system: str,
    sampling: Sampling,
) -> AsyncGenerator[Talk]:
    """A talk with the memory that the settings name.

    Args:
        system: words of the system in the place of those of the settings; empty keeps them.
    """
    changed: dict[str, object] = {"max_tokens": sampling.max_tokens} | ({"system": system} if system else {})
    prompt = settings.prompt.model_copy(update=changed)
    # The memory first: where it cannot be opened, nobody waits for a model.
    async with open_memory() as memory, opening as model:
        yield Remembering(memory, model, settings.model_copy(update={"prompt": prompt}), user, sampling)


@asynccontextmanager
async def forgetful(
    opening: AbstractAsyncContextManager[Engine], system: str, sampling: Sampling
) -> AsyncGenerator[Talk]:
    async with opening as engine:
        yield Forgetful(engine, system, sampling)
