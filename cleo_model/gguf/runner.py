"""llama.cpp in a child process: what it makes of rows, prompts and texts.

    ask(file, task) ──task.json──> python -m cleo_model.gguf.runner FOLDER ──answer.json, states.npy──> Answer

Its memory comes back when the child ends, and what crashes it is an error here, not the end of us.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from cleo_core.child_process import end_with_parent
from cleo_core.errors import UnusableModel
from cleo_model.errors import LlamaCppFailed

TIMEOUT = 900.0  # seconds
MISSING = "llama.cpp is not installed here (the package xllamacpp)."
REFUSED = 7
"""Exit code: llama.cpp does not take the file."""


def installed_version() -> str:
    """The version of xllamacpp.

    Raises:
        LlamaCppFailed: it is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        raise LlamaCppFailed(
            MISSING, hint="pip install xllamacpp, or leave the GGUF out: CLEO_MODEL_GGUF=none"
        ) from None


class Task(BaseModel):
    """What is asked of llama.cpp."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    rows: list[list[int]] = []
    """Token ids, of which the last hidden states are wanted."""
    prompts: list[list[int]] = []
    """Token ids that are gone on with, greedily."""
    new_tokens: int = 16
    """At most, after each prompt."""
    texts: list[str] = []
    """To be tokenised, special tokens by their names."""
    exact: bool = False
    """Keys and values are kept in float32, where serving keeps them in float16."""


class Answer(BaseModel):
    """What llama.cpp made of a task."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    continuations: list[list[int]]
    """After each prompt, the end-of-sequence token included."""
    tokens: list[list[int]]
    """Of each text."""
    states: list[NDArray[np.float32]] = []
    """Of each row, ``[tokens, hidden size]``: what the output layer is applied to."""


def ask(task: Task) -> Answer:
    """Have llama.cpp do a task in a process of its own, on all cores.

    Raises:
        UnusableModel: llama.cpp does not read the file.
        LlamaCppFailed: it is not installed, crashed, or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="cleo-gguf-") as scratch:
        folder = Path(scratch)
        (folder / "task.json").write_text(task.model_dump_json(), encoding="utf-8")
        code, said = _run([sys.executable, "-m", "cleo_model.gguf.runner", scratch])
        if code == REFUSED:
            raise UnusableModel(
                f"llama.cpp does not read {task.file.name}: it is truncated, damaged, or of a kind it does not know.",
                hint="Write it again: cleo export MODEL_FOLDER --gguf --out FILE",
            )
        if code:
            ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            raise LlamaCppFailed(
                f"llama.cpp ended with {ended} on {task.file.name}: {said or 'it said nothing'}",
                hint="The model runs without it too. To leave the GGUF out of the chain: CLEO_MODEL_GGUF=none",
            )
        answer = Answer.model_validate_json((folder / "answer.json").read_text(encoding="utf-8"))
        answer.states = np.split(np.load(folder / "states.npy"), np.cumsum([len(row) for row in task.rows])[:-1])
    return answer


def _run(command: list[str]) -> tuple[int, str]:
    """Exit code of a process that does not outlive us, and the last line it said."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=end_with_parent
    )
    try:
        _, said = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise LlamaCppFailed(f"llama.cpp did not answer within {TIMEOUT:.0f} s.") from None
    finally:
        process.kill()
        process.wait()
    lines = said.decode(errors="replace").strip().splitlines()
    return process.returncode, lines[-1][:200] if lines else ""


def main(argv: list[str]) -> int:
    """The child: does the task in the folder that it is given."""
    folder = Path(argv[0])
    task = Task.model_validate_json((folder / "task.json").read_text(encoding="utf-8"))
    try:
        server, client = _serve(task)
    except ImportError:
        print(MISSING, file=sys.stderr)
        return 1
    except RuntimeError as error:  # all that xllamacpp raises where a file cannot be loaded
        print(error, file=sys.stderr)
        return REFUSED
    # The server stops where nothing refers to it any more.
    answer, states = _answer(client, task)
    np.save(folder / "states.npy", states)
    (folder / "answer.json").write_text(answer.model_dump_json(exclude={"states"}), encoding="utf-8")
    del server
    return 0


def _serve(task: Task) -> tuple[Any, Any]:
    """llama.cpp's own server on a free loopback port, behind a key that nobody else knows, and a client of it."""
    import httpx
    import xllamacpp

    longest = max((len(row) for row in [*task.rows, *task.prompts]), default=0) + task.new_tokens
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(task.file)
    parameters.n_parallel, parameters.n_ctx = 1, max(256, longest)
    # A row is computed in one batch, or its hidden states are not given out.
    parameters.n_batch = parameters.n_ubatch = max(256, longest)
    parameters.embedding = True
    parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_NONE
    if task.exact:
        parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.warmup = parameters.fit_params = False
    parameters.verbosity = -1
    cores = len(os.sched_getaffinity(0))
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = cores
    key = secrets.token_hex(16)
    parameters.api_keys = [key]
    server = xllamacpp.Server(parameters)
    headers = {"Authorization": f"Bearer {key}"}
    return server, httpx.Client(base_url=server.listening_address, headers=headers, timeout=TIMEOUT, trust_env=False)


def _answer(client: Any, task: Task) -> tuple[Answer, NDArray[np.float32]]:
    def post(path: str, **body: Any) -> Any:
        return client.post(path, json=body).raise_for_status().json()

    states = [
        np.asarray(post("/embedding", content=row, embd_normalize=-1)[0]["embedding"], dtype=np.float32)
        for row in task.rows
    ]
    greedy = {"temperature": 0, "top_k": 1, "samplers": ["top_k"], "return_tokens": True}
    continuations = [
        post("/completion", prompt=prompt, n_predict=task.new_tokens, **greedy)["tokens"] for prompt in task.prompts
    ]
    tokens = [post("/tokenize", content=text, parse_special=True, add_special=False)["tokens"] for text in task.texts]
    return Answer(continuations=continuations, tokens=tokens), np.concatenate(states or [np.zeros((0, 0), np.float32)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
