"""`cleo evaluate` and the evaluation process on tiny models: what they write, refuse and leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cleo_core.errors import CleoError
from cleo_core.progress import silent
from evals.evaluate import command, evaluate, kept_scores, score_model
from evals.harness import LoadedModel, model_digest
from evals.scores import Scores
from evals.tasks import build, load
from evals.tasks.forms import read_lines

pytestmark = pytest.mark.integration
MakeModel = Callable[..., Path]


@pytest.fixture(scope="module")
def tasks(masked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    build(masked, folder, limit=24)
    return folder


def damaged(model: Path, out: Path) -> Path:
    """The same model with weights that training could only have ruined."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loaded = AutoModelForCausalLM.from_pretrained(model)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in loaded.parameters():
            parameter.add_(torch.randn_like(parameter) * parameter.std())
    loaded.save_pretrained(out)
    AutoTokenizer.from_pretrained(model).save_pretrained(out)
    return out


def test_the_process_compares_writes_its_findings_and_keeps_the_champions_scores(
    llama: Path, mixtral: Path, tasks: Path, tmp_path: Path, home: Path
) -> None:
    out = tmp_path / "out"
    done = subprocess.run(command(mixtral, llama, tasks, out), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {
        "plan.json",
        "report.json",
        "report.md",
        "forest.png",
        "routing.png",
        "verdict.json",
    }
    verdict = json.loads((out / "verdict.json").read_text())
    plan = json.loads((out / "plan.json").read_text())
    assert verdict["verdict"] in {"SUPERIOR", "NON_INFERIOR", "INCONCLUSIVE", "INFERIOR"}
    assert verdict["passed"] is (verdict["verdict"] in {"SUPERIOR", "NON_INFERIOR"})
    assert verdict["plan_digest"] == plan["digest"]
    assert plan["task_set"] == load(tasks).digest
    assert set(verdict["per_task"]) == {spec.name for spec in load(tasks).tasks}
    assert (out / "forest.png").read_bytes().startswith(b"\x89PNG")
    assert len(list((home / "evals" / "scores").glob("*.json"))) == 1
    report = json.loads((out / "report.json").read_text())
    assert report["probes"]["memorised_canaries"]["canaries"] == 4
    assert len(report["probes"]["conduct"]["replies"]) == 12
    assert report["probes"]["conduct"]["summary"] in (out / "report.md").read_text()
    routing = report["probes"]["routing"]
    assert routing["summary"] in (out / "report.md").read_text()
    assert set(routing["figures"]["by_domain"]) == {spec.name for spec in load(tasks).tasks}
    again: list[str] = []
    evaluate(mixtral, llama, tasks, tmp_path / "again", lambda what, *_, **__: again.append(what))
    assert f"scores of {llama.name} are known" in again
    assert json.loads((tmp_path / "again" / "verdict.json").read_text()) == verdict


def test_a_model_is_as_good_as_itself_and_a_damaged_one_does_not_pass(llama: Path, tasks: Path, tmp_path: Path) -> None:
    same = evaluate(llama, llama, tasks, tmp_path / "same", silent)
    worse = evaluate(damaged(llama, tmp_path / "damaged"), llama, tasks, tmp_path / "worse", silent)
    assert (same.verdict, same.passed) == ("NON_INFERIOR", True)
    assert not worse.passed


def test_a_limited_run_decides_nothing(llama: Path, tasks: Path, tmp_path: Path) -> None:
    verdict = evaluate(llama, llama, tasks, tmp_path / "out", silent, limit=4)
    assert (verdict.verdict, verdict.passed) == ("INVALID", False)
    assert not (tmp_path / "out" / "forest.png").exists()


def test_another_tokenizer_or_chat_template_is_not_compared(
    llama: Path, tasks: Path, tmp_path: Path, make: MakeModel
) -> None:
    other = make(tmp_path / "other", "llama", template="{{ messages[0].content }}")
    verdict = evaluate(other, llama, tasks, tmp_path / "out", silent)
    assert verdict.verdict == "INVALID"
    assert "chat template" in verdict.reason


def kept_or_made(model: Path, tasks: Path) -> tuple[Scores, LoadedModel | None]:
    items = load(tasks)
    return score_model(model, items, silent, kept=kept_scores(model_digest(model), items))


def test_damaged_kept_scores_are_made_anew(llama: Path, tasks: Path, home: Path) -> None:
    first, _ = kept_or_made(llama, tasks)
    (place,) = (home / "evals" / "scores").glob("*.json")
    place.write_text(place.read_text()[:100])
    second, loaded = kept_or_made(llama, tasks)
    assert loaded is not None
    assert second.tasks == first.tasks
    kept, nothing = kept_or_made(llama, tasks)
    assert nothing is None
    assert kept.tasks == first.tasks


def test_scores_of_other_code_are_made_anew(
    llama: Path, tasks: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_or_made(llama, tasks)
    _, nothing = kept_or_made(llama, tasks)
    assert nothing is None
    monkeypatch.setattr("evals.evaluate.code_version", lambda function: f"{function.__name__}, changed")
    _, loaded = kept_or_made(llama, tasks)
    assert loaded is not None


def test_a_trained_canary_is_found(llama: Path, masked: Path, tmp_path: Path) -> None:
    import torch

    from evals.canaries import memorised
    from evals.harness import load_model

    loaded = load_model(llama, "float32")
    before = memorised(loaded, masked / "canaries.json", silent)
    planted = json.loads((masked / "canaries.json").read_text())["planted"]
    texts = [loaded.lm.tok_encode(loaded._prompt(entry["prompt"]) + entry["answer"]) for entry in planted]
    model = loaded.lm.model.requires_grad_(True)  # it was loaded for scoring alone
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(30):
        for text in texts:
            ids = torch.tensor([text])
            model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    after = memorised(loaded, masked / "canaries.json", silent)
    # 28 controls measure 4.9 bits at most; planted sentences are now the likeliest of all.
    assert min(after.exposure_bits) > 4
    assert min(before.exposure_bits) < 3


def cleo(*arguments: str | Path) -> Any:
    from evals.cli import evaluate as entry

    return CliRunner().invoke(entry, [str(argument) for argument in arguments])


def test_a_model_is_scored_on_public_formats(mixtral: Path, tmp_path: Path) -> None:
    rows = {
        "arc": [{"query": f"Question: {n}?", "choices": ["one", "two", "three"], "gold": n % 3} for n in range(6)],
        "winogrande": [{"context_options": ["Ann so Ann", "Ann so Bob"], "continuation": "ran.", "gold": 1}],
        "lambada": [{"context": "The girl wanted to buy some", "continuation": "bread"}],
    }
    options: list[str | Path] = []
    for name, lines in rows.items():
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        options += ["--data", path]
    done = cleo("--model", mixtral, "--output-dir", tmp_path / "out", *options)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {name: task["items"] for name, task in report["tasks"].items()} == {"arc": 6, "winogrande": 1, "lambada": 1}
    assert "| arc | 6 |" in done.output


def test_one_named_task_is_scored_alone(llama: Path, tmp_path: Path) -> None:
    done = cleo("--model", llama, "--dataset", "python", "--limit", "5", "--output-dir", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert list(json.loads((tmp_path / "out" / "report.json").read_text())["tasks"]) == ["cleo_python"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "/nowhere/model"], "not a model folder"),
        (["--model", "{empty}"], "config.json"),
        (["--model", "{pickled}"], "pickle"),
        (["--model", "{llama}", "--dataset", "nothing"], "no task 'nothing'"),
        (["--model", "{llama}", "--data", "{empty}/none.jsonl"], "cannot be read"),
        (["--model", "{llama}", "--tasks", "{empty}"], "not a task set"),
        (["--model", "{truncated}"], "not a safetensors file"),
    ],
)
def test_bad_input_is_one_line_that_names_it(options: list[str], message: str, llama: Path, tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("empty", "pickled", "truncated")}
    for folder in folders.values():
        folder.mkdir()
    (folders["pickled"] / "config.json").write_text((llama / "config.json").read_text())
    (folders["pickled"] / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
    for path in llama.iterdir():
        (folders["truncated"] / path.name).write_bytes(path.read_bytes())
    weights = folders["truncated"] / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    filled = [option.format(llama=llama, **folders) for option in options]
    done = cleo(*filled, "--output-dir", tmp_path / "out")
    assert isinstance(done.exception, CleoError), done.output
    assert message in str(done.exception)
    assert "\n" not in done.exception.message
    assert not (tmp_path / "out" / "report.json").exists()


def test_an_interrupted_run_ends_with_130_and_leaves_no_verdict(llama: Path, tasks: Path, tmp_path: Path) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 130)):
        out = tmp_path / number.name
        process = subprocess.Popen(
            command(llama, llama, tasks, out), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        deadline = time.monotonic() + 240
        while not (out / "plan.json").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        output, _ = process.communicate(timeout=240)
        assert process.returncode == code, output
        assert "Traceback" not in output
        assert not (out / "verdict.json").exists()


def test_progress_reaches_dagster(llama: Path, tasks: Path, tmp_path: Path) -> None:
    import base64
    import zlib

    def parameter(value: Any) -> str:
        return base64.b64encode(zlib.compress(json.dumps(value).encode())).decode()

    (tmp_path / "context.json").write_text(
        json.dumps(
            {
                "asset_keys": ["evaluation"],
                "code_version_by_asset_key": {},
                "provenance_by_asset_key": {},
                "partition_key": None,
                "partition_key_range": None,
                "partition_time_window": None,
                "run_id": "run",
                "job_name": "job",
                "retry_number": 0,
                "extras": {},
            }
        )
    )
    environment = {
        **os.environ,
        "DAGSTER_PIPES_CONTEXT": parameter({"path": str(tmp_path / "context.json")}),
        "DAGSTER_PIPES_MESSAGES": parameter({"path": str(tmp_path / "messages")}),
    }
    done = subprocess.run(
        command(llama, llama, tasks, tmp_path / "out"), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    messages = [value for _, value in read_lines(tmp_path / "messages")]
    assert messages[0]["method"] == "opened"
    assert any("NON_INFERIOR" in str(message["params"]) for message in messages)
    assert messages[-1]["method"] == "closed"
    assert sys.executable in command(llama, llama, tasks, tmp_path)
