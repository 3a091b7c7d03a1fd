"""The child process: one backend, one model, told what to do over a socket that it was born with.

    parent -> {"engine", "folder", "settings"}                      once
    child  -> {"ready": capabilities} or {"failed": [code, message, hint]}
    parent -> {"run": request, "prompt": ids, "sampling": {…}} | {"cancel": request} | {"steps": true}
              | {"routing": {"tokens": ids, "domain"}}
    child  -> {"of": request, "text", "tokens", "ended", "error"} | {"steps": count} | {"routing": trace}
              | {"routing": null, "failed": type of error}

Each message is a line of JSON. When the socket closes the parent is gone, by SIGKILL too, and so is this process.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from cleo_core.errors import CleoError
from cleo_serving.engine.backend import Backend, Chunk
from cleo_serving.engine.base import Sampling
from cleo_serving.settings import EngineSettings


def _make_backend(name: str) -> Backend:
    """The backend of an engine, by its name in the settings."""
    backend: Any
    match name:
        case "llamacpp":
            from cleo_serving.engine.llamacpp import LlamaCppBackend as backend
        case "vllm":
            from cleo_serving.engine.vllm.backend import VllmBackend as backend
        case _:
            from cleo_serving.engine.transformers import TransformersBackend as backend
    made: Backend = backend()
    return made


class _Line:
    """The socket to the parent; messages of several threads do not mix."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        raw = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            with self._lock:
                self._connection.sendall(raw)
        except OSError:  # nobody listens any more
            os._exit(0)


def _read(stream: BinaryIO, inbox: queue.SimpleQueue[dict[str, Any]], backend: Backend) -> None:
    for line in stream:
        inbox.put(json.loads(line))
    # In a thread of its own: the parent may go while a model is being loaded. Libraries' clean-up could hang.
    with suppress(Exception):
        backend.end()
    os._exit(0)


def serve(connection: socket.socket) -> None:
    """Load the model that the first message names, and make replies until the socket closes."""
    line, inbox, stream = _Line(connection), queue.SimpleQueue[dict[str, Any]](), connection.makefile("rb")
    first = json.loads(stream.readline())
    backend = _make_backend(first["engine"])
    threading.Thread(target=_read, args=(stream, inbox, backend), daemon=True).start()
    try:
        capabilities = backend.load(Path(first["folder"]), EngineSettings.model_validate(first["settings"]))
    except CleoError as error:
        line.send({"failed": [error.code, error.message, error.hint]})
        return
    except Exception as error:
        line.send({"failed": ["ENGINE", f"The engine could not load the model ({type(error).__name__}).", None]})
        return
    line.send({"ready": asdict(capabilities)})
    # One after the other, beside the replies.
    tracing = ThreadPoolExecutor(1, thread_name_prefix="routing")
    while True:
        _do(inbox.get(), backend, line, tracing)


def _do(message: dict[str, Any], backend: Backend, line: _Line, tracing: ThreadPoolExecutor) -> None:
    match message:
        case {"run": str() as request, "prompt": prompt, "sampling": given}:

            def emit(chunk: Chunk) -> None:
                line.send({"of": request, **asdict(chunk)})

            try:
                sampling = Sampling(**{**given, "stop": tuple(given["stop"])})
                backend.start(request, prompt, sampling, emit)
            except Exception as error:
                emit(Chunk("", 0, error=type(error).__name__))
        case {"cancel": str() as request}:
            backend.cancel(request)
        case {"steps": _}:
            line.send({"steps": backend.steps()})
        case {"routing": {"tokens": list() as tokens, "domain": str() as domain}}:

            def trace() -> None:
                try:
                    line.send({"routing": backend.routing(tokens, domain).model_dump(mode="json")})
                except Exception as error:
                    line.send({"routing": None, "failed": type(error).__name__})

            tracing.submit(trace)


def main() -> None:
    # Ctrl-C in a terminal reaches the whole group; when to end is the parent's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(socket.socket(fileno=int(sys.argv[1])))
    os._exit(0)


if __name__ == "__main__":
    main()
