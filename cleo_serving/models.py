"""The model that answers now: pulled and verified, loaded, warmed by golden prompts, and swapped without a pause.

A reply borrows the model it begins with and gives it back at its end, so a model that was replaced goes only when its
last reply has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cleo_core.digest import tree_digest
from cleo_core.errors import CleoError, ConfigError
from cleo_core.provenance.verify import VerifiedModel
from cleo_core.settings import CoreSettings, load
from cleo_core.telemetry import get_logger
from cleo_serving.engine.base import Engine, Message, Sampling
from cleo_serving.engine.transformers import TransformersEngine
from cleo_serving.errors import EngineError
from cleo_serving.settings import ServingSettings

__all__ = ["GOLDEN", "ModelHolder", "ServedModel", "golden_prompts", "load_model"]

log = get_logger(__name__)

GOLDEN = ("What is the capital of France?", "Say hello.", "Name three colours.")
"""Every model answers these before it is asked anything else."""
UNSIGNED = "unsigned"
DRAIN_SECONDS = 600.0


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
    loaded_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    borrowed: int = 0
    retired: bool = False

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


async def load_model(settings: ServingSettings, selector: str | None = None) -> ServedModel:
    """Pull, verify, load and try a model; or, in development only, the folder that a setting names.

    Raises:
        TrustError, IntegrityError: a signature, approval or file does not hold: nothing is served.
        EngineError: it does not load or does not answer.
    """
    engine = TransformersEngine(settings.engine)
    if settings.model_folder is not None and selector is None:
        return await _load_folder(settings.model_folder, engine)
    from cleo_core.provenance.verify import pull

    verified = await asyncio.to_thread(pull, selector or settings.model)
    try:
        await engine.load(verified.path)
        # The files were read after they were verified: they must be the same still.
        await asyncio.to_thread(verified.confirm, deep=True)
        await golden_prompts(engine)
    except BaseException:
        await engine.close()
        verified.release()
        raise
    return ServedModel(
        engine=engine,
        name=verified.name,
        version=str(verified.version),
        bundle_digest=verified.bundle_digest,
        approval_id=verified.approval_id,
        approved_by=verified.approved_by,
        verified=verified,
    )


async def _load_folder(folder: Path, engine: Engine) -> ServedModel:
    environment = load(CoreSettings).environment
    if environment != "development":
        raise ConfigError(
            f"CLEO_SERVING_MODEL_FOLDER is set, but CLEO_ENVIRONMENT is {environment}.",
            hint="Only a signed model of the registry is served there: take the variable out.",
        )
    log.warning("serving an unsigned folder: for development only")
    try:
        await engine.load(folder)
        await golden_prompts(engine)
    except BaseException:
        await engine.close()
        raise
    digest, _ = await asyncio.to_thread(tree_digest, folder)
    return ServedModel(engine, folder.name, UNSIGNED, digest, UNSIGNED, UNSIGNED)


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


class ModelHolder:
    """Holds the model that answers now, and looks for its successor."""

    def __init__(self, model: ServedModel, settings: ServingSettings) -> None:
        self._model = model
        self._settings = settings
        self._retiring: set[asyncio.Task[None]] = set()
        self.refused: str | None = None
        """Code of the error that kept the last new version from being served."""

    @property
    def current(self) -> ServedModel:
        return self._model

    @contextmanager
    def borrow(self) -> Iterator[ServedModel]:
        """The current model, kept alive while the block runs."""
        model = self._model
        model.borrowed += 1
        try:
            yield model
        finally:
            model.borrowed -= 1

    async def swap(self, model: ServedModel) -> None:
        """Let a loaded model answer from the next request on; the old one goes when its last reply has ended."""
        old, self._model = self._model, model
        old.retired = True
        task = asyncio.create_task(self._retire(old))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retire(self, old: ServedModel) -> None:
        waited = 0.0
        while old.borrowed and waited < DRAIN_SECONDS:
            await asyncio.sleep(0.2)
            waited += 0.2
        await old.engine.drain(5)
        await old.close()
        log.info("a replaced model has answered its last request", version=old.version)

    async def watch(self, resolve: Callable[[str], int] | None = None) -> None:
        """Look up the alias at intervals and swap when it names another version that verifies and answers."""
        if not self._settings.watch_seconds or not self._model.signed:
            return
        lookup = resolve or _resolve
        tried: int | None = None
        while True:
            await asyncio.sleep(self._settings.watch_seconds)
            try:
                version = await asyncio.to_thread(lookup, self._settings.model)
                if version in (self._model.number, tried):
                    continue
                tried = version
                await self.swap(await load_model(self._settings, str(version)))
                self.refused = None
                log.info("a new version answers", version=version)
            except CleoError as error:
                # The model that answers stays: a bad successor is no reason to stop.
                self.refused = error.code
                log.error("a new version is not served", code=error.code, reason=error.message)

    async def close(self) -> None:
        for task in list(self._retiring):
            task.cancel()
        await self._model.engine.drain(5)
        await self._model.close()


def _resolve(selector: str) -> int:
    from cleo_core import registry

    return int(registry.resolve(selector).version)
