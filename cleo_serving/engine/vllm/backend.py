"""vLLM behind the interface of a backend: prompts go to its server as token ids, replies come back as they are made.

vLLM batches replies at every step, and prompts share the pages of a common prefix (its automatic prefix caching).
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import httpx

from cleo_core.model_folder import read_config
from cleo_core.routing import RoutingTrace
from cleo_core.telemetry import get_logger
from cleo_serving.engine.backend import Chunk, Emit
from cleo_serving.engine.base import Capabilities, Sampling
from cleo_serving.engine.tokenizer import FolderTokenizer
from cleo_serving.engine.vllm.environment import Build, find
from cleo_serving.engine.vllm.server import MODEL, VllmServer, arguments_of
from cleo_serving.errors import EngineError
from cleo_serving.settings import EngineSettings

log = get_logger(__name__)

STEPS = "vllm:iteration_tokens_total_count"
"""Of vLLM's figures: how often the model was run."""


class VllmBackend:
    """`Backend` over vLLM (any architecture that it knows)."""

    def __init__(self) -> None:
        self._server: VllmServer | None = None
        self._ends: list[int] = []
        self._replies: dict[str, Future[None]] = {}
        self._client: httpx.AsyncClient | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="replies", daemon=True).start()

    def load(self, folder: Path, settings: EngineSettings) -> Capabilities:
        environment = find(settings)
        if environment is None:
            raise EngineError("vLLM is not installed.", hint="cleo engine install vllm")
        config = read_config(folder)
        self._ends = FolderTokenizer(folder).end_tokens
        dtype = _dtype(settings, environment.build)
        limit = int(config.get("max_position_embeddings") or settings.context_tokens)
        context = min(settings.context_tokens, limit, settings.cache_tokens)
        arguments = arguments_of(folder, config, settings, dtype, context, environment.build)
        server = self._server = VllmServer(environment, arguments, settings)
        server.wait()
        # A server that crashes takes this process along: it is noticed, and started anew, as any engine's is.
        server.when_ended(lambda: os._exit(1))
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(server.socket), limits=httpx.Limits(max_connections=None)),
            base_url="http://vllm",
            headers={"Authorization": f"Bearer {server.key}"},
            timeout=httpx.Timeout(None, connect=10),
        )
        names = config.get("architectures") or [config.get("model_type")]
        return Capabilities(
            name="vllm",
            architecture=str(names[0]),
            context_tokens=context,
            device=environment.build,
            dtype=dtype,
            streams=settings.max_streams,
        )

    def start(self, request: str, prompt: Sequence[int], sampling: Sampling, emit: Emit) -> None:
        reply = asyncio.run_coroutine_threadsafe(self._run(_body(prompt, sampling, self._ends), emit), self._loop)
        self._replies[request] = reply
        reply.add_done_callback(lambda _: self._replies.pop(request, None))

    async def _run(self, body: dict[str, Any], emit: Emit) -> None:
        done, error = 0, "EndedEarly"
        try:
            async with aclosing(self._told(body)) as events:
                async for told in events:
                    done = int((told.get("usage") or {}).get("completion_tokens", done))
                    for choice in told["choices"]:
                        match choice["finish_reason"]:
                            case None:
                                emit(Chunk(choice["text"], done))
                            case "stop" | "length" as reason:
                                emit(Chunk(choice["text"], done, reason))
                                return
        except _Refused as refused:
            error = refused.kind
        except Exception as failure:  # its message may quote the prompt
            error = type(failure).__name__
        emit(Chunk("", done, error=error))

    async def _told(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """The server's events. Its answer is let go of when this is closed, and vLLM ends the reply."""
        assert self._client is not None, "load comes first"
        async with self._client.stream("POST", "/v1/completions", json=body) as response:
            if not response.is_success:
                await response.aread()
                raise _Refused(f"HTTP{response.status_code}")
            async for line in response.aiter_lines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                told: dict[str, Any] = json.loads(line.removeprefix("data: "))
                if "error" in told:
                    raise _Refused(str(told["error"].get("type", "error"))[:40])
                yield told

    def cancel(self, request: str) -> None:
        if reply := self._replies.get(request):
            reply.cancel()

    def steps(self) -> int:
        return asyncio.run_coroutine_threadsafe(self._steps(), self._loop).result()

    async def _steps(self) -> int:
        assert self._client is not None, "load comes first"
        lines = (await self._client.get("/metrics")).text.splitlines()
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith(STEPS))

    def routing(self, tokens: Sequence[int], domain: str) -> RoutingTrace:
        raise EngineError("This engine cannot show the routing.")

    def end(self) -> None:
        if self._server is not None:
            self._server.end()


class _Refused(Exception):
    """The server's error, by its kind: its message may quote what a user wrote."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def _dtype(settings: EngineSettings, build: Build) -> Literal["bfloat16", "float32"]:
    if settings.dtype != "auto":
        return settings.dtype
    return "bfloat16" if build == "cuda" or _computes_bfloat16() else "float32"


def _computes_bfloat16() -> bool:
    """Whether this processor has instructions for it. Asked of the kernel; torch takes seconds to load."""
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in said or "amx_bf16" in said


def _body(prompt: Sequence[int], sampling: Sampling, ends: list[int]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": MODEL,
        "prompt": list(prompt),
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repetition_penalty,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "stop_token_ids": ends,
    }
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if sampling.json_schema is not None:
        body["structured_outputs"] = {"json": json.loads(sampling.json_schema)}
    return body
