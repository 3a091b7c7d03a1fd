"""llama.cpp over the GGUF beside the safetensors: on a CPU the quickest way to a reply, in the least memory.

`xllamacpp` runs llama.cpp's own server inside this process. It batches replies, and each of its slots keeps the keys
and values of the prompt it saw last, so the next turn of a conversation is read from where the last one ended. The
socket that this server listens on as well is in a private folder that is gone as soon as it listens.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cleo_core.model_folder import GGUF, read_config
from cleo_core.routing import RoutingTrace
from cleo_core.telemetry import get_logger
from cleo_serving.engine.backend import Chunk, Emit
from cleo_serving.engine.base import Capabilities, Sampling
from cleo_serving.engine.threads import thread_count
from cleo_serving.errors import EngineError, UnsupportedModel
from cleo_serving.settings import EngineSettings

log = get_logger(__name__)

READ_AT_ONCE = 256
"""Tokens of a prompt between two looks at whether its client is still there."""


class LlamaCppBackend:
    """`Backend` over llama.cpp (any architecture that the GGUF names and llama.cpp knows)."""

    def __init__(self) -> None:
        self._server: Any = None
        self._pool: ThreadPoolExecutor | None = None
        self._cancelled: dict[str, threading.Event] = {}

    def load(self, folder: Path, settings: EngineSettings) -> Capabilities:
        import xllamacpp

        config = read_config(folder)
        try:
            with tempfile.TemporaryDirectory(prefix="cleo-engine-") as private:
                self._server = xllamacpp.Server(_parameters(folder / GGUF, settings, Path(private)))
        except RuntimeError:  # its message says no more than that
            raise UnsupportedModel(
                f"llama.cpp cannot load {GGUF} of {folder.name}.",
                hint="Export it again, or set CLEO_SERVING_ENGINE=transformers.",
            ) from None
        self._pool = ThreadPoolExecutor(settings.max_streams, thread_name_prefix="reply")
        names = config.get("architectures") or [config.get("model_type")]
        limit = config.get("max_position_embeddings") or settings.context_tokens
        return Capabilities(
            name="llamacpp",
            architecture=str(names[0]),
            context_tokens=min(settings.context_tokens, int(limit), settings.cache_tokens),
            device="cpu",
            dtype="gguf",
            streams=settings.max_streams,
            cache_tokens=settings.cache_tokens,
        )

    def steps(self) -> int:
        for line in str(self._server.handle_metrics()).splitlines():
            if line.startswith("llamacpp:n_decode_total "):
                return int(float(line.split()[1]))
        return 0

    def routing(self, tokens: Sequence[int], domain: str) -> RoutingTrace:
        raise EngineError("This engine cannot show the routing.")

    def end(self) -> None:
        """All of it is in this process."""

    def start(self, request: str, prompt: Sequence[int], sampling: Sampling, emit: Emit) -> None:
        assert self._pool is not None, "load comes first"
        cancelled = self._cancelled[request] = threading.Event()
        self._pool.submit(self._run, request, _body(prompt, sampling), emit, cancelled)

    def cancel(self, request: str) -> None:
        if cancelled := self._cancelled.pop(request, None):
            cancelled.set()

    def _run(self, request: str, body: dict[str, Any], emit: Emit, cancelled: threading.Event) -> None:
        done, ended = 0, False

        def read(told: dict[str, Any]) -> bool:
            """True ends the reply's compute."""
            nonlocal done, ended
            if cancelled.is_set():
                return True
            if "error" in told:
                ended = True
                emit(Chunk("", done, error=str(told["error"].get("type", "error"))[:40]))
                return True
            done = int(told.get("timings", {}).get("predicted_n", done))
            choice = told["choices"][0]
            ended = choice["finish_reason"] is not None
            if ended:
                emit(Chunk(choice["text"], done, "length" if choice["finish_reason"] == "length" else "stop"))
            else:  # without text while a prompt is read: the parent sees that it goes on
                emit(Chunk(choice["text"], done))
            return False

        error = "EndedEarly"
        try:
            if not cancelled.is_set():
                self._server.handle_completions(body, read)
        except Exception as failure:  # what the library raises is not told; its message may quote the prompt
            error = type(failure).__name__
        finally:
            self._cancelled.pop(request, None)
        if not ended and not cancelled.is_set():
            emit(Chunk("", done, error=error))


def _parameters(path: Path, settings: EngineSettings, private: Path) -> Any:
    import xllamacpp

    given = xllamacpp.CommonParams()
    given.model.path = str(path)
    given.n_ctx = settings.cache_tokens
    given.n_parallel = settings.max_streams
    given.kv_unified = True  # one cache for all streams: a long one may use what short ones leave
    given.n_batch = given.n_ubatch = min(READ_AT_ONCE, settings.max_batch_tokens)
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = thread_count(settings)
    given.cache_ram_mib = settings.prompt_cache_mib
    given.ctx_shift = False
    given.fit_params = False  # it would change the sizes above to what it finds free
    given.warmup = False
    given.verbosity = -1  # its lines quote prompts
    given.hostnames = [str(private / "llama.sock")]
    given.api_keys = [secrets.token_hex(32)]
    given.ui = given.endpoint_slots = given.endpoint_props = False
    given.endpoint_metrics = True
    return given


def _body(prompt: Sequence[int], sampling: Sampling) -> dict[str, Any]:
    body: dict[str, Any] = {
        "prompt": list(prompt),
        "stream": True,
        "cache_prompt": True,
        "timings_per_token": True,
        "return_progress": True,
        "n_predict": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repetition_penalty,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "seed": -1 if sampling.seed is None else sampling.seed,
    }
    if sampling.json_schema is not None:
        body["json_schema"] = json.loads(sampling.json_schema)
    return body
