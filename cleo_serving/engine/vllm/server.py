"""vLLM's own OpenAI-compatible server as a process: started on a socket in a private folder, watched, and ended."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from cleo_core.redact import names_secret, redact
from cleo_serving.engine.threads import WAITING, thread_count
from cleo_serving.engine.vllm import guard
from cleo_serving.engine.vllm.environment import VllmEnvironment
from cleo_serving.errors import UnsupportedModel
from cleo_serving.settings import EngineSettings

MODEL = "model"
"""What the model is called in requests."""
PAGE = 32
"""vLLM's pages hold a multiple of so many tokens on a processor."""
BYTES = {"float32": 4, "bfloat16": 2}
END_SECONDS = 8.0


class VllmServer:
    """A server that has loaded a model.

    Nobody else can reach it: its socket lies in a folder of this user alone, and it wants a key that was drawn for
    this one process. Whatever ends this process ends it, and all that it started (`guard`).
    """

    def __init__(self, environment: VllmEnvironment, arguments: list[str], settings: EngineSettings) -> None:
        self._private = Path(tempfile.mkdtemp(prefix="cleo-vllm-"))
        self.socket = self._private / "s"
        self.key = secrets.token_hex(32)
        self._said: deque[str] = deque(maxlen=200)
        self._answers = False
        command = [str(environment.python), "-I", "-m", "vllm.entrypoints.openai.api_server"]
        command += ["--uds", str(self.socket), *arguments]
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
            [sys.executable, "-I", guard.__file__, str(self._private), *command],
            env=self._variables(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, name="vllm-output", daemon=True).start()

    def _variables(self, settings: EngineSettings) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not names_secret(name) and not name.startswith(("CLEO_", "PYTHON", "VLLM_"))
        }
        return kept | {
            **WAITING,
            "OMP_NUM_THREADS": str(thread_count(settings)),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_API_KEY": self.key,
            "VLLM_RPC_BASE_PATH": str(self._private),
            "VLLM_CONFIG_ROOT": str(self._private / "config"),
            "VLLM_HOST_IP": "127.0.0.1",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }

    def _listen(self) -> None:
        """Read what the server prints. Before it answers that is about the model; later it could quote a prompt."""
        assert self._process.stdout is not None, "opened with a pipe"
        for line in self._process.stdout:
            if not self._answers:
                self._said.append(line.decode(errors="replace").strip())

    def wait(self) -> None:
        """Until it answers.

        Raises:
            UnsupportedModel: it ended instead.
        """
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(self.socket)), base_url="http://vllm") as client:
            while self._process.poll() is None:
                try:
                    if client.get("/health", timeout=5).is_success:
                        self._answers = True
                        return
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
        raise UnsupportedModel(
            f"vLLM cannot load the model: {self._reason()}",
            hint="Set CLEO_SERVING_ENGINE to llamacpp or transformers, or give it more memory.",
        )

    def _reason(self) -> str:
        """The last error that it printed."""
        lines = (line.partition("] ")[2] or line for line in reversed(self._said))
        found = next((line for line in lines if "rror: " in line and "See root cause" not in line), "")
        return str(redact(found))[:300] or f"it ended with exit code {self._process.returncode}."

    def when_ended(self, then: Callable[[], None]) -> None:
        """Call a function when the server ends."""

        def watch() -> None:
            self._process.wait()
            self._clean()
            then()

        threading.Thread(target=watch, name="vllm-watch", daemon=True).start()

    def end(self) -> None:
        """End it and all that it started; its memory is free when this returns."""
        assert self._process.stdin is not None, "opened with a pipe"
        self._process.stdin.close()
        self._process.wait(END_SECONDS)
        self._clean()

    def _clean(self) -> None:
        """The guard's work, where the guard was killed."""
        with suppress(OSError, ValueError):
            guard.kill_group(int((self._private / guard.GROUP).read_text()))
            shutil.rmtree(self._private, ignore_errors=True)


def arguments_of(
    folder: Path, config: Mapping[str, Any], settings: EngineSettings, dtype: str, context: int, build: str
) -> list[str]:
    """What the server is told of the model and its sizes."""
    given = {
        "model": folder,
        "served-model-name": MODEL,
        "load-format": "safetensors",
        "dtype": dtype,
        "max-model-len": context,
        "max-num-seqs": settings.max_streams,
        "max-num-batched-tokens": max(settings.max_batch_tokens, settings.max_streams),
        "block-size": page_of(settings),
        # Just what is needed, so that a successor finds room beside this model while it takes over.
        "kv-cache-memory-bytes": cache_bytes(config, settings, dtype),
        # Of the sampling parameters only those that a request carries count, not the folder's.
        "generation-config": "vllm",
        # Else a small model fills its reply to a schema with blank lines.
        "structured-outputs-config": '{"backend": "guidance", "disable_any_whitespace": true}',
    }
    flags = ["enable-prefix-caching", "disable-uvicorn-access-log", "no-enable-log-requests"]
    if build == "cpu":
        flags.append("enforce-eager")  # compiling wants a C++ compiler, and takes longer than it saves
    return [*(part for name, value in given.items() for part in (f"--{name}", str(value))), *(f"--{n}" for n in flags)]


def page_of(settings: EngineSettings) -> int:
    """Tokens per page, rounded to what vLLM takes."""
    return max(PAGE, settings.page_size // PAGE * PAGE)


def cache_bytes(config: Mapping[str, Any], settings: EngineSettings, dtype: str) -> int:
    """Bytes of keys and values of `cache_tokens`, and of one page more that vLLM keeps empty."""
    heads = int(config["num_attention_heads"])
    groups = int(config.get("num_key_value_heads") or heads)
    size = int(config.get("head_dim") or int(config["hidden_size"]) // heads)
    tokens = settings.cache_tokens + page_of(settings)
    return 2 * int(config["num_hidden_layers"]) * groups * size * tokens * BYTES[dtype]
