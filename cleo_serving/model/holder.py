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
from cleo_core.errors import CleoError, ConfigError, EnvironmentFault, IntegrityError, ModelError, TrustError
from cleo_core.registry.pull import Purpose, VerifiedModel
from cleo_core.settings import CoreSettings, load
from cleo_core.telemetry import get_logger
from cleo_serving.engine.base import Engine, Message, Sampling
from cleo_serving.engine.transformers import TransformersEngine
from cleo_serving.errors import EngineError, ModelWithdrawn
from cleo_serving.model.withdrawal import Lookup, withdrawn
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
    engine = TransformersEngine(settings.engine)
    if settings.model_folder is not None and selector is None:
        return await _load_folder(settings.model_folder, engine)
    from cleo_core.registry.pull import pull

    verified = await asyncio.to_thread(pull, selector or settings.model, purpose=purpose)
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
        self.withdrawn: str | None = None
        """Code of the no that a reviewer said to the current model since it was loaded."""

    @property
    def current(self) -> ServedModel:
        return self._model

    @property
    def ready(self) -> bool:
        """The current model answers, and may."""
        return self.withdrawn is None and self._model.engine.stats().healthy

    @contextmanager
    def borrow(self) -> Iterator[ServedModel]:
        """The current model, kept alive while the block runs.

        Raises:
            ModelWithdrawn: a reviewer revoked or rejected it.
        """
        if self.withdrawn is not None:
            raise ModelWithdrawn(
                "The model was withdrawn by a reviewer, and no other is approved yet.", hint="cleo review list"
            )
        model = self._model
        model.borrowed += 1
        try:
            yield model
        finally:
            model.borrowed -= 1

    async def swap(self, model: ServedModel) -> None:
        """Let a loaded model answer from the next request on; the old one goes when its last reply has ended."""
        old, self._model = self._model, model
        self.withdrawn = None
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

    async def watch(self, resolve: Callable[[str], int] | None = None, approvals: Lookup | None = None) -> None:
        """At intervals, stop when a reviewer took the model back, and swap when the alias names another version that
        verifies and answers."""
        if not self._settings.watch_seconds or not self._model.signed:
            return
        tried: int | None = None
        while True:
            await asyncio.sleep(self._settings.watch_seconds)
            await self._heed(approvals)
            tried = await self._follow(resolve or _resolve, tried)

    async def _heed(self, approvals: Lookup | None) -> None:
        verified = self._model.verified
        if verified is None:
            return
        try:
            found = await asyncio.to_thread(withdrawn, verified, self.withdrawn, approvals)
        except Exception as error:
            # A registry that is away has decided nothing; and the watch must outlive it.
            log.warning("the decisions could not be read", code=_code(error), error=type(error).__name__)
            return
        if found != self.withdrawn:
            log.error("the decision about the model changed", version=verified.version, withdrawn=found)
        self.withdrawn = found

    async def _follow(self, resolve: Callable[[str], int], tried: int | None) -> int | None:
        """Returns the version that is not worth another try."""
        version = None
        try:
            version = await asyncio.to_thread(resolve, self._settings.model)
            if version == self._model.number:
                self.refused = None
            if version in (self._model.number, tried):
                return tried
            # By its number it would only be looked at: an older version must be refused here as at the start.
            purpose: Purpose | None = "serve" if self._settings.model == "champion" else None
            await self.swap(await load_model(self._settings, str(version), purpose=purpose))
            self.refused = None
            log.info("a new version answers", version=version)
        except (TrustError, IntegrityError, ModelError, EngineError) as error:
            # The model that answers stays: a bad successor is no reason to stop, nor to load it every time.
            self.refused = error.code
            log.error("a new version is not served", code=error.code, reason=error.message)
            return version
        except Exception as error:
            # A disk that is full or a registry that is away may be well again at the next look.
            self.refused = _code(error)
            log.error("a new version could not be fetched", code=self.refused, error=type(error).__name__)
        return tried

    async def close(self) -> None:
        for task in list(self._retiring):
            task.cancel()
        await self._model.engine.drain(5)
        await self._model.close()


def _resolve(selector: str) -> int:
    from cleo_core import registry

    return int(registry.resolve(selector).version)


def _code(error: Exception) -> str:
    if isinstance(error, CleoError):
        return error.code
    return EnvironmentFault.code if isinstance(error, OSError) else "INTERNAL"
