"""The services of one running API: settings, model, memory, assistant, token verifier, limits, metrics."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from starlette.datastructures import Address

from cleo_core import clock
from cleo_core.proof import replies
from cleo_core.telemetry import get_logger, metrics_text
from cleo_memory import Memory, open_memory
from cleo_serving.chat.assistant import Assistant
from cleo_serving.errors import Unauthenticated
from cleo_serving.identity.tokens import Principal, TokenVerifier, bearer_token
from cleo_serving.metrics import Metrics
from cleo_serving.model.holder import ModelHolder
from cleo_serving.model.loader import load_model
from cleo_serving.security.limits import RateLimits
from cleo_serving.settings import ServingSettings

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    settings: ServingSettings
    models: ModelHolder
    memory: Memory
    assistant: Assistant
    verifier: TokenVerifier
    limits: RateLimits
    metrics: Metrics

    async def sign_in(self, value: object, client: Address | None, *, bare: bool = False) -> Principal:
        """Who a request speaks for, by the value of its Authorization header.

        Raises:
            Unauthenticated: there is no token that holds.
            RateLimited: too many such requests came from this address.
        """
        try:
            principal = self.verifier.verify(bearer_token(value, bare=bare))
            await self.check_alive(principal)
            return principal
        except Unauthenticated:
            # Only now: behind a proxy all share one address, and a stranger there must not lock out who has a token.
            await self.limits.count_failure(client.host if client else "unknown")
            raise

    async def check_alive(self, principal: Principal) -> None:
        """Refuse a token from before the last erasure of its user; of a socket before each of its operations.

        Raises:
            Unauthenticated: its user was erased since.
        """
        erased = await self.memory.erased_at(principal.user)
        if erased is not None and principal.issued_at <= erased:
            raise Unauthenticated("The token does not hold.", hint="Get a new one.")

    def measure(self) -> bytes:
        """The figures of this moment, in Prometheus' text form."""
        stats = self.models.current.engine.stats()
        self.metrics.active.set(stats.active)
        self.metrics.waiting.set(stats.waiting)
        self.metrics.healthy.set(self.models.ready)
        self.metrics.version.set(self.models.current.number)
        return metrics_text()


@asynccontextmanager
async def open_services(settings: ServingSettings) -> AsyncGenerator[Services]:
    """Everything loaded and verified, or an error that says what does not hold."""
    verifier, limits, metrics = TokenVerifier(settings), RateLimits(settings.rate), Metrics()
    models = ModelHolder(await load_model(settings), settings)
    try:
        async with open_memory() as memory:
            assistant = Assistant(models, memory, settings.prompt, limits, metrics)
            background = [asyncio.create_task(models.watch())]
            if settings.reply_days is not None:
                background.append(asyncio.create_task(forget_old_replies(settings.reply_days)))
            try:
                yield Services(settings, models, memory, assistant, verifier, limits, metrics)
            finally:
                for task in background:
                    task.cancel()
                await asyncio.gather(*background, return_exceptions=True)
                await assistant.learning.settle()  # before the memory closes
    finally:
        await models.close()


async def forget_old_replies(days: float) -> None:
    """Now and once a day, until cancelled."""
    while True:
        before = clock.timestamp(clock.now() - timedelta(days=days))
        try:
            await asyncio.to_thread(replies.prune, before)
        except (OSError, sqlite3.Error) as error:
            log.warning("old replies could not be forgotten", error=type(error).__name__)
            await asyncio.sleep(600)
            continue
        await asyncio.sleep(86400)
