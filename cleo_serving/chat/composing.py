"""Makes the text of a reply: streams it from the engine, cleans it, and makes it anew where it would say again what was
said before.

    engine.stream -> Withheld (the mark) -> LinkFilter -> SentenceLimit -> Echoes -> client
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from cleo_serving.chat.echoes import Echoes
from cleo_serving.chat.length import SentenceLimit
from cleo_serving.chat.links import LinkFilter
from cleo_serving.chat.prompt import Prompt
from cleo_serving.chat.withheld import Withheld
from cleo_serving.engine.base import Engine, FinishReason, Sampling
from cleo_serving.errors import EngineError

TEMPERATURES = (0.7, 1.0)
"""Of a reply that is made anew, and of one that is made anew once more; after that it may repeat an earlier one."""


@dataclass(slots=True)
class Composed:
    """What came of a reply so far."""

    shown: str = ""
    reason: FinishReason | None = None
    prompt_tokens: int = 0
    tokens: int = 0
    """Of the reply that is shown."""
    made: int = 0
    """Of all that were made."""
    links_removed: int = 0
    resampled: int = 0
    """How often it was made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Makes one reply."""

    engine: Engine
    prompt: Callable[[str], Prompt]
    """The prompt without any earlier reply that is this text."""
    sampling: Callable[[Prompt], Sampling]
    request: str
    user: str
    echoes: Echoes
    mark: str
    link_hosts: tuple[str, ...]
    sentences: int | None
    """How many there may be."""

    async def stream(self, into: Composed) -> AsyncGenerator[str]:
        """What may be shown, piece by piece; an empty text first, once the engine has taken the request.

        Raises what `Engine.stream` raises.
        """
        repeated = ""
        for again in range(len(TEMPERATURES) + 1):
            into.resampled, into.tokens, into.reason = again, 0, None
            async with aclosing(self._try(into, again, repeated)) as pieces:
                repeated = ""
                async for text, told_before in pieces:
                    if told_before:
                        repeated = text
                        break
                    into.shown += text
                    yield text
            if not repeated:
                return

    async def _try(self, into: Composed, again: int, repeated: str) -> AsyncGenerator[tuple[str, bool]]:
        """Texts to show; or as the last one a text that was told before, of which nothing was shown."""
        prompt = self.prompt(repeated)
        sampling, last_try = self.sampling(prompt), again == len(TEMPERATURES)
        guarded = not last_try and sampling.json_schema is None and sampling.stop_repetition
        if again:
            warmer = max(sampling.temperature, TEMPERATURES[again - 1])
            sampling = replace(sampling, temperature=warmer, seed=(sampling.seed or 0) + again)
        into.prompt_tokens = len(prompt.tokens)
        withheld, links, limit = Withheld(self.mark), LinkFilter(self.link_hosts), SentenceLimit(self.sentences)
        held, before = "", into.made
        # Each try under a name of its own: the one before it may still be ending.
        request = f"{self.request}-{again}" if again else self.request
        stream = self.engine.stream(prompt.tokens, sampling, request=request, user=self.user)
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                last = piece.finish_reason is not None
                into.reason, into.tokens, into.made = piece.finish_reason, piece.tokens, before + piece.tokens
                held += limit.feed(links.feed(withheld.feed(piece.text, last=last), last=last))
                into.links_removed = links.removed
                if limit.reached:
                    into.reason, last = "stop", True
                if guarded and self.echoes.given(held, whole=last):
                    yield held, True
                    return
                if guarded and not last and held.strip() and self.echoes.begun(held):
                    yield "", False
                    continue
                yield held, False
                held = ""
                guarded = guarded and not into.shown.strip()
                if limit.reached:
                    return
        if into.reason is None:
            raise EngineError("The reply broke off.")
