"""The commands as a person types them: real processes, exit codes, one clear line for what is wrong."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import httpx
import pytest

from cleo_core.cli import main

pytestmark = pytest.mark.integration


SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "CLEO_SERVING_ENGINE__THREADS": "1",
    "CLEO_SERVING_ENGINE__CACHE_TOKENS": "2048",
    "CLEO_SERVING_ENGINE__CONTEXT_TOKENS": "512",
}


def cleo(*arguments: str, **changes: str) -> subprocess.Popen[str]:
    """A command in a process of its own: for what signals and ports do."""
    return subprocess.Popen(
        [sys.executable, "-m", "cleo_core", *arguments],
        env={**os.environ, **SETTINGS, **changes},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(*arguments: str, given: str = "", **changes: str) -> tuple[int, str, str]:
    """A command in this process, which has torch loaded already: exit code, output, errors."""
    out, err = io.StringIO(), io.StringIO()
    given_input = io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8")
    with (
        mock.patch.dict(os.environ, {**SETTINGS, **changes}),
        mock.patch.object(sys, "stdin", given_input),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main(list(arguments))
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


def refused(code: int, message: str, *arguments: str, **changes: str) -> None:
    returned, _, err = run(*arguments, **changes)
    assert returned == code, err
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.strip() and not line.startswith("{")]
    assert re.search(message, " ".join(lines)), err
    assert len(lines) <= 3, err


def test_infer_answers_once_and_per_line(model_folder: Path, tmp_path: Path) -> None:
    given = ("--model", str(model_folder), "--temperature", "0", "--max-tokens", "6")
    code, out, err = run("infer", *given, "--input", "the cat")
    assert code == 0, err
    questions = tmp_path / "questions.txt"
    questions.write_text("the cat\n\nthe dog\n")
    code, lines, _ = run("infer", *given, "--file", str(questions), "--json")
    assert code == 0
    told = [json.loads(line) for line in lines.splitlines()]
    assert [each["input"] for each in told] == ["the cat", "the dog"]
    assert [each["tokens"] for each in told] == [6, 6]
    assert told[0]["text"].strip() == out.strip()


def test_infer_shows_the_routing_of_a_mixture_and_refuses_that_of_a_dense_model(
    make_model: Callable[..., Path], model_folder: Path, tmp_path: Path
) -> None:
    asked = ("--temperature", "0", "--max-tokens", "3", "--input", "the cat", "--routing")
    mixture = make_model(tmp_path / "mixture", "MixtralForCausalLM")
    code, out, err = run("infer", "--model", str(mixture), *asked, "--json")
    assert code == 0, err
    traced = json.loads(out)["routing"]
    assert (traced["layers"], traced["num_experts"]) == ([0, 1], 4)
    assert "the" in "".join(traced["tokens"])
    code, out, err = run("infer", "--model", str(mixture), *asked, "--stream")
    assert code == 0, err
    assert "fair share" in out.splitlines()[-1]
    refused(2, "cannot show the routing of a LlamaForCausalLM", "infer", "--model", str(model_folder), *asked)


def test_infer_streams_what_it_would_have_printed(make_model: object, model_folder: Path) -> None:
    given = ("--model", str(model_folder), "--temperature", "0", "--max-tokens", "12")
    _, whole, _ = run("infer", *given, "--input", "rain")
    code, streamed, _ = run("infer", *given, "--file", "-", "--stream", given="rain\n")
    assert code == 0
    assert streamed.strip() == whole.strip()


def test_the_smoke_test_tells_by_its_exit_code(model_folder: Path, tmp_path: Path) -> None:
    code, out, _ = run("infer", "--smoke", str(model_folder))
    assert code == 0
    assert "capital of France" in out
    (tmp_path / "empty").mkdir()
    refused(2, "no config.json", "infer", "--smoke", str(tmp_path / "empty"))


def test_what_cannot_be_a_model_is_named_in_one_line(tmp_path: Path, model_folder: Path) -> None:
    unsafe = tmp_path / "unsafe"
    unsafe.mkdir()
    (unsafe / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    refused(5, r"pytorch_model\.bin is a file that can run code", "infer", "--model", str(unsafe), "--input", "x")
    refused(2, "There is no model", "infer", "--model", "./nowhere", "--input", "x")
    refused(
        2, "neither a folder here nor can it be fetched", "infer", "--model", "nobody/nothing", "--input", "x",
        HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "hub"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments", ["token --user ada", "api --help", "infer --help", "interactive --help", "api --port nowhere"]
)
def test_a_command_that_needs_no_model_does_not_wait_for_one_to_be_importable(arguments: str) -> None:
    """Such a command answers within a second: what takes seconds to import is not imported."""
    code = (
        "import sys; from cleo_core.cli import main\n"
        f"try: main({arguments.split()!r})\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'transformers', 'numpy', 'strawberry', 'mlflow', 'fastapi'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def test_a_champion_that_is_not_there_is_refused(home: Path) -> None:
    code, _, err = run("infer", "--input", "x")
    assert code == 3, err
    assert "Traceback" not in err
    assert "champion" in err


def test_nothing_to_ask_and_bad_options_are_named(model_folder: Path) -> None:
    refused(2, "Give --input", "infer", "--model", str(model_folder))
    refused(2, "nothing to ask", "infer", "--model", str(model_folder), "--input", "")
    refused(2, "temperature", "infer", "--model", str(model_folder), "--input", "x", "--temperature", "9")
    refused(2, "write 3600", "token", "--user", "ann", "--ttl", "soon")
    refused(2, "is no scope", "token", "--user", "ann", "--scope", "root")
    refused(2, "user id", "token", "--user", " ")
    refused(2, "CLEO_SERVING_PORT is 'x'", "api", CLEO_SERVING_PORT="x")
    refused(2, "CLEO_SERVING_DEBUG is set", "api", "--debug", CLEO_ENVIRONMENT="production")


def test_talking_goes_on_until_the_input_ends(model_folder: Path) -> None:
    given = ("--model", str(model_folder), "--temperature", "0", "--max-tokens", "5", "--no-memory")
    code, out, err = run("interactive", *given, given="the cat\n/new\nthe cat\n")
    assert code == 0, err
    first, second = [line for line in out.splitlines() if line.strip()][:2]
    assert first == second  # after /new the first turn is forgotten


def test_a_talk_is_remembered_by_the_next_one_and_forgotten_when_told(model_folder: Path) -> None:
    given = ("interactive", "--model", str(model_folder), "--temperature", "0", "--max-tokens", "5", "--user", "ann")
    code, _, err = run(*given, given="My dog is called Biscuit.\n")
    assert code == 0, err
    code, out, err = run(*given, given="/memory\n/forget my dog\n/memory\n/forget\n")
    assert code == 0, err
    assert out.count("Biscuit") == 2
    assert "Nothing is remembered." in out
    assert "/forget ID" in out
    refused(2, "--no-memory", *given, "--no-memory")


def test_the_api_answers_and_ends_in_order(model_folder: Path) -> None:
    api = cleo("api", "--port", "0", CLEO_SERVING_MODEL_FOLDER=str(model_folder))
    try:
        assert api.stdout is not None
        told = [api.stdout.readline() for _ in range(2)]
        url = re.search(r"http://127\.0\.0\.1:\d+", told[1])
        assert url is not None, told
        assert "UNSIGNED" in told[0]
        token = run("token", "--user", "ann", "--ttl", "5m")[1].strip()
        for _ in range(200):
            try:
                answer = httpx.post(
                    f"{url[0]}/graphql",
                    json={"query": 'mutation { ask(input: {text: "the cat", maxTokens: 4}) { tokens } }'},
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=60,
                )
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        assert answer.json() == {"data": {"ask": {"tokens": 4}}}
        port = url[0].rpartition(":")[2]
        refused(3, f"Port {port} is in use.*--port", "api", "--port", port)
        api.send_signal(signal.SIGTERM)
        _, err = api.communicate(timeout=60)
        assert api.returncode == 0, err
        assert "Traceback" not in err
    finally:
        api.kill()
        api.wait()


def test_ctrl_c_ends_the_api_with_130(model_folder: Path) -> None:
    api = cleo("api", "--port", "0", CLEO_SERVING_MODEL_FOLDER=str(model_folder))
    try:
        assert api.stdout is not None
        assert "UNSIGNED" in api.stdout.readline()
        api.send_signal(signal.SIGINT)
        _, err = api.communicate(timeout=60)
        assert api.returncode == 130, err
        assert "Traceback" not in err
    finally:
        api.kill()
        api.wait()


def test_a_port_in_use_is_found_before_the_model_is_loaded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(3, f"Port {port} is in use", "api", "--port", port, CLEO_SERVING_MODEL_FOLDER=str(tmp_path / "nowhere"))


def test_ctrl_c_ends_infer_with_130_and_one_line(model_folder: Path) -> None:
    infer = cleo(
        "infer", "--model", str(model_folder), "--input", "the cat", "--max-tokens", "400", "--stream",
    )  # fmt: skip
    try:
        assert infer.stdout is not None
        infer.stdout.read(3)
        infer.send_signal(signal.SIGINT)
        _, err = infer.communicate(timeout=60)
        assert infer.returncode == 130, err
        assert "Traceback" not in err
    finally:
        infer.kill()
        infer.wait()
