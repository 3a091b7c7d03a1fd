"""transformers' continuous batching over the very safetensors that were signed.

One thread runs the model; replies enter and leave its batch at every step, prompts share the pages of a common
prefix, and a cancelled reply leaves the batch at the next step.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cleo_core.routing import RouterListener, RoutingTrace
from cleo_core.telemetry import get_logger
from cleo_serving.engine.backend import Chunk, Emit
from cleo_serving.engine.base import Capabilities, Sampling
from cleo_serving.engine.loading import LoadedModel, load_folder, start_batching, twin_of
from cleo_serving.engine.text import GrowingText
from cleo_serving.errors import EngineError
from cleo_serving.settings import EngineSettings

log = get_logger(__name__)


class TransformersBackend:
    """`Backend` over `transformers` (Llama, Mistral, Mixtral, Qwen)."""

    def __init__(self) -> None:
        self._loaded: LoadedModel | None = None
        self._settings = EngineSettings()
        self._manager: Any = None
        self._twin: Any = None
        self._steps = 0
        # The batch manager hands its output to an event loop.
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="replies", daemon=True).start()

    def load(self, folder: Path, settings: EngineSettings) -> Capabilities:
        self._settings = settings
        self._loaded = load_folder(folder, settings)
        if self._loaded.capabilities.routing:
            self._twin = twin_of(self._loaded.model)
        self._loaded.model.register_forward_pre_hook(self._count)
        self._manager = start_batching(self._loaded, settings)
        return self._loaded.capabilities

    def _count(self, *_: Any) -> None:
        self._steps += 1

    def steps(self) -> int:
        return self._steps

    def routing(self, tokens: Sequence[int], domain: str) -> RoutingTrace:
        if self._loaded is None or self._twin is None:
            raise EngineError("This engine was started without routing.")
        import torch

        with RouterListener(self._twin) as heard, torch.inference_mode():
            self._twin(torch.tensor([list(tokens)], device=self._twin.device), use_cache=False)
            return heard.take(self._loaded.codec.pieces(tokens), domain)

    def end(self) -> None:
        """All of it is in this process."""

    def start(self, request: str, prompt: Sequence[int], sampling: Sampling, emit: Emit) -> None:
        async def begin() -> None:
            try:
                self._begin(request, prompt, sampling, emit)
            except Exception as error:
                emit(Chunk("", 0, error=type(error).__name__))

        asyncio.run_coroutine_threadsafe(begin(), self._loop)

    def _begin(self, request: str, prompt: Sequence[int], sampling: Sampling, emit: Emit) -> None:
        if self._loaded is None:
            raise EngineError("No model is loaded.")
        if not self._manager.is_running():
            log.error("the generation thread had ended; a new one is started")
            self._manager = start_batching(self._loaded, self._settings)
        manager, codec = self._manager, self._loaded.codec
        growing, ends = GrowingText(codec), frozenset(codec.end_tokens)

        def read(output: Any) -> None:
            ids, finished = output.generated_tokens, bool(output.is_finished())
            if output.error is not None:
                emit(Chunk("", len(ids), error="GenerationError"))
            elif finished:
                emit(Chunk(growing.feed(ids, last=True), len(ids), "stop" if ids and ids[-1] in ends else "length"))
            else:
                emit(Chunk(growing.feed(ids), len(ids)))

        manager.register_result_handler(request, read)
        greedy = sampling.temperature < 0.01
        manager.add_request(
            list(prompt),
            request_id=request,
            max_new_tokens=sampling.max_tokens,
            streaming=True,
            temperature=1.0 if greedy else float(sampling.temperature),
            top_k=1 if greedy else int(sampling.top_k) or self._loaded.model.config.vocab_size,
            top_p=1.0 if greedy else float(sampling.top_p),
            min_p=0.0 if greedy else float(sampling.min_p),
            repetition_penalty=float(sampling.repetition_penalty),
            presence_penalty=float(sampling.presence_penalty),
            frequency_penalty=float(sampling.frequency_penalty),
            seed=-1 if sampling.seed is None or greedy else sampling.seed,
        )

    def cancel(self, request: str) -> None:
        router = self._manager.output_router
        with router._lock:
            router.result_handlers.pop(request, None)
        self._manager.cancel_request(request)
