"""Loads a model for serving: pulled and verified, read by the engine, tried with golden prompts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from cleo_core import clock
from cleo_core.digest import tree_digest
from cleo_core.errors import ConfigError
from cleo_core.registry.pull import Purpose, VerifiedModel, pull
from cleo_core.settings import CoreSettings, load
from cleo_core.subject import marks
from cleo_core.subject.index import BUNDLED, SubjectIndex
from cleo_core.telemetry import get_logger
from cleo_serving.engine.base import Engine, Message, Sampling
from cleo_serving.engine.served import ProcessEngine
from cleo_serving.errors import EngineError
from cleo_serving.settings import ServingSettings

log = get_logger(__name__)

GOLDEN = ("What is the capital of France?", "Say hello.", "Name three colours.")
"""Every model answers these before it is asked anything else."""
UNSIGNED = "unsigned"
"""Version, approval and reviewer of a folder that is served in development."""


@dataclass(slots=True, eq=False)
class ServedModel:
    """A loaded model and what is known of it."""

    engine: Engine
    name: str
    version: str
    """Number in the registry, or ``unsigned`` for a folder in development."""
    bundle_digest: str
    approval_id: str
    approved_by: str
    verified: VerifiedModel | None = None
    loaded_at: datetime = field(default_factory=clock.now)
    borrowed: int = 0

    @property
    def number(self) -> int:
        return self.verified.version if self.verified else 0

    @property
    def signed(self) -> bool:
        return self.verified is not None

    async def close(self) -> None:
        await self.engine.close()
        if self.verified is not None:
            await asyncio.to_thread(self.verified.release)


async def load_model(
    settings: ServingSettings, selector: str | None = None, *, purpose: Purpose | None = None
) -> ServedModel:
    """Pull, verify, load and try a model; or, in development only, the folder that a setting names.

    Args:
        purpose: as of `pull`, which guesses it from the selector otherwise.

    Raises:
        TrustError, IntegrityError: a signature, approval or file does not hold: nothing is served.
        EngineError: it does not load or does not answer.
    """
    engine = ProcessEngine(settings.engine)
    folder, verified = settings.model_folder, None
    if folder is None or selector is not None:
        verified = await asyncio.to_thread(pull, selector or settings.model, purpose=purpose)
        folder = verified.path
        try:
            await asyncio.to_thread(refuse_erased, settings, verified)
        except BaseException:
            verified.release()
            raise
        # A child that crashed reads the files again: they must be the same still.
        engine.recheck = partial(asyncio.to_thread, verified.confirm, deep=True)
    elif (environment := load(CoreSettings).environment) != "development":
        raise ConfigError(
            f"CLEO_SERVING_MODEL_FOLDER is set, but CLEO_ENVIRONMENT is {environment}.",
            hint="Only a signed model of the registry is served there: take the variable out.",
        )
    else:
        log.warning("serving an unsigned folder: for development only")
    try:
        await engine.load(folder)
        if verified:
            # The files were read after they were verified: they must be the same still.
            await asyncio.to_thread(verified.confirm, deep=True)
        await golden_prompts(engine)
    except BaseException:
        await engine.close()
        if verified:
            verified.release()
        raise
    if verified:
        origin = verified.bundle_digest, verified.approval.id, verified.approved_by
        return ServedModel(engine, verified.name, str(verified.version), *origin, verified=verified)
    digest, _ = await asyncio.to_thread(tree_digest, folder)
    return ServedModel(engine, folder.name, UNSIGNED, digest, UNSIGNED, UNSIGNED)


def refuse_erased(settings: ServingSettings, model: VerifiedModel) -> None:
    """Refuse a model that learned from a person who was erased longer ago than the settings allow.

    Raises:
        LearnedFromErased: it did.
        StateDamaged: an erasure that is kept here cannot be read.
    """
    if settings.erased_refuse_after_days is not None:
        learned = SubjectIndex.read(model.path / BUNDLED).learned
        marks.refuse_after(settings.erased_refuse_after_days, model.version, learned)


async def golden_prompts(engine: Engine) -> list[str]:
    """Replies to the golden prompts.

    Raises:
        EngineError: a reply is empty or cannot be made.
    """
    sampling = Sampling(temperature=0, max_tokens=16)
    prompts = [engine.encode([Message("user", text)]) for text in GOLDEN]
    answers = await engine.generate_batch(prompts, sampling)
    for text, answer in zip(GOLDEN, answers, strict=True):
        if not answer.tokens or answer.finish_reason == "abort":
            raise EngineError(f"The model gives no answer to the golden prompt {text!r}.")
    if not any(answer.text.strip() for answer in answers):
        raise EngineError("The model answers none of the golden prompts with text.")
    return [answer.text for answer in answers]
