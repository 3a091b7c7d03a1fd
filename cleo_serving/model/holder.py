"""The model that answers now, and its hot swap: a successor is loaded beside it and takes over without a pause.

A reply borrows the model it begins with and gives it back at its end, so a model that was replaced goes only when its
last reply has ended. A reviewer's no stops the model that runs, not only its next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cleo_core import registry
from cleo_core.crypto.dsse import Envelope
from cleo_core.errors import CleoError, EnvironmentFault, IntegrityError, ModelError, TrustError
from cleo_core.provenance.approval import governing
from cleo_core.provenance.errors import ApprovalExpired, LearnedFromErased, NotApproved, Rejected, Revoked
from cleo_core.registry.pull import Purpose, VerifiedModel, keep_denials
from cleo_core.telemetry import get_logger
from cleo_serving.errors import EngineError, ModelWithdrawn
from cleo_serving.model.loader import ServedModel, load_model, refuse_erased
from cleo_serving.settings import ServingSettings

log = get_logger(__name__)

DRAIN_SECONDS = 600.0
Lookup = Callable[[int], list[Envelope]]
Resolve = Callable[[str], int]


def _resolve(selector: str) -> int:
    return int(registry.resolve(selector).version)


class ModelHolder:
    """Holds the model that answers now, and looks for its successor."""

    def __init__(self, model: ServedModel, settings: ServingSettings) -> None:
        self.current = model
        self._settings = settings
        self._retiring: set[asyncio.Task[None]] = set()
        self.refused: str | None = None
        """Code of the error that kept the last new version from being served."""
        self.withdrawn: str | None = None
        """Code of the no to the current model since it was loaded: a reviewer's, or for a person it learned from was
        erased."""

    @property
    def ready(self) -> bool:
        """The current model answers, may, and is not asked for more than it can."""
        stats = self.current.engine.stats()
        return self.withdrawn is None and stats.healthy and not stats.overloaded

    @contextmanager
    def borrow(self) -> Iterator[ServedModel]:
        """The current model, kept alive while the block runs.

        Raises:
            ModelWithdrawn: a reviewer revoked or rejected it, or a person whom it learned from was erased.
        """
        if self.withdrawn is not None:
            raise _refusal(self.withdrawn)
        model = self.current
        model.borrowed += 1
        try:
            yield model
        finally:
            model.borrowed -= 1

    async def swap(self, model: ServedModel) -> None:
        """Let a loaded model answer from the next request on; the old one goes when its last reply has ended."""
        old, self.current = self.current, model
        self.withdrawn = None
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

    async def watch(self, resolve: Resolve = _resolve, approvals: Lookup = registry.approvals) -> None:
        """At intervals, stop when a reviewer took the model back, and swap when the alias names another version that
        verifies and answers."""
        if not self._settings.watch_seconds or not self.current.signed:
            return
        tried: int | None = None
        while True:
            await asyncio.sleep(self._settings.watch_seconds)
            await self._heed(approvals)
            tried = await self._follow(resolve, tried)

    async def _heed(self, approvals: Lookup) -> None:
        verified = self.current.verified
        if verified is None:
            return
        before = None if self.withdrawn == LearnedFromErased.code else self.withdrawn
        try:
            found = await asyncio.to_thread(_withdrawn, verified, before, approvals)
            if found is None:
                await asyncio.to_thread(refuse_erased, self._settings, verified)
        except LearnedFromErased as error:
            found = error.code
        except Exception as error:
            # A registry that is away has decided nothing; and the watch must outlive it.
            log.warning("the decisions could not be read", code=_code(error), error=type(error).__name__)
            return
        if found != self.withdrawn:
            log.error("the decision about the model changed", version=verified.version, withdrawn=found)
        self.withdrawn = found

    async def _follow(self, resolve: Resolve, tried: int | None) -> int | None:
        """Returns the version that is not worth another try."""
        version = None
        try:
            version = await asyncio.to_thread(resolve, self._settings.model)
            if version == self.current.number:
                self.refused = None
            if version in (self.current.number, tried):
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
        await self.current.engine.drain(5)
        await self.current.close()


def _refusal(code: str) -> ModelWithdrawn:
    """What a client is told of a model that may not answer any more."""
    if code == LearnedFromErased.code:
        return ModelWithdrawn(
            "The model learned from a person who was erased, and its time is over.",
            hint="Train and release one without that person: cleo run, cleo review approve VERSION.",
        )
    return ModelWithdrawn(
        "The model was withdrawn by a reviewer, and no other is approved yet.", hint="cleo review list"
    )


def _withdrawn(model: VerifiedModel, before: str | None, lookup: Lookup) -> str | None:
    """Code of the no that stands against this model now; `before` where the decisions that are seen settle nothing."""
    envelopes = lookup(model.version)
    try:
        governing(envelopes, model.approval.subject)
    except (Rejected, Revoked) as error:
        keep_denials(envelopes)
        return error.code
    except ApprovalExpired:
        pass  # Serving goes on with what is loaded; only a no stops it.
    except NotApproved:
        # Tags can be taken out by anyone who may write to the registry: that is neither a no nor a yes.
        return before
    return None


def _code(error: Exception) -> str:
    if isinstance(error, CleoError):
        return error.code
    return EnvironmentFault.code if isinstance(error, OSError) else "INTERNAL"
