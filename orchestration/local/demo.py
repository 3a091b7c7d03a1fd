"""`make run`: the chain, an approval by the development reviewer, the API, and one real question."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from typing import Any

import click
import httpx

from cleo_core.errors import EnvironmentFault
from cleo_core.terminal import printable
from orchestration.local.chain import run_job
from orchestration.local.services import Program, Service, end, free_port, running, start
from orchestration.local.ui import answers

CLEO = [sys.executable, "-m", "cleo_core"]
QUESTION = "What does the Python function len do?"
ASK = """
mutation Ask($text: String!) {
  ask(input: {text: $text}) {
    text
    provenance { replyId modelVersion bundleDigest approvalId approvedBy memories { id why } }
  }
}
"""


def demo() -> None:
    """Everything that the first screen of the README promises."""
    began = time.monotonic()
    reused = run_job("train_and_register")
    version = _approve()
    api = _serve(version)
    _show(_ask(api.url), api.url)
    seconds = time.monotonic() - began
    reuse = f"Nothing had changed: every stage was reused ({seconds:.0f} s)."
    click.echo(f"\n{reuse if reused else f'Done in {seconds / 60:.1f} minutes.'}")


def _approve() -> int:
    from cleo_core import registry

    version = registry.resolve("candidate")
    if "champion" in version.aliases:
        click.echo(f"\nVersion {version.version} is approved and released already.")
        return version.version
    if version.review == "pending":
        click.secho(
            f"\nApproving version {version.version} with the DEVELOPMENT reviewer's key, which lies on this machine.\n"
            "That is for trying things out. A real reviewer has a key of their own: cleo keys --help",
            fg="yellow",
        )
        from orchestration.review.decide import approve_as_developer

        approve_as_developer(version.version)
    run_job("release_model", {"ops": {"verify_and_release": {"config": {"version": version.version}}}})
    return version.version


def _serve(version: int) -> Service:
    found = running("api")
    if found:
        with suppress(httpx.HTTPError, ValueError):
            health = httpx.get(f"{found.url}/health", timeout=10)
            if health.is_success and str(health.json().get("model_version")) == str(version):
                return found
        end(found)
    port = free_port(8000)
    url = f"http://127.0.0.1:{port}"
    click.echo(f"\nStarting the API at {url} ...")
    api = Program(
        name="api", command=[*CLEO, "api", "--port", str(port)], url=url, ready=lambda: answers(f"{url}/health")
    )
    return start(api, timeout=180)[0]


def _ask(url: str) -> dict[str, Any]:
    # Our own interpreter and module, never a shell string.
    made = subprocess.run([*CLEO, "token", "--user", "demo"], capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        raise EnvironmentFault(f"No token could be made: {made.stderr.strip()}")
    answer = httpx.post(
        f"{url}/graphql",
        json={"query": ASK, "variables": {"text": QUESTION}},
        headers={"Authorization": f"Bearer {made.stdout.strip()}"},
        timeout=180,
    ).json()
    if answer.get("errors"):
        raise EnvironmentFault(f"The API refused the question: {answer['errors'][0].get('message')}")
    reply: dict[str, Any] = answer["data"]["ask"]
    return reply


def _show(reply: dict[str, Any], url: str) -> None:
    proof = reply["provenance"]
    ports = {"dagster": 3000, "mlflow": 5000}
    urls = {name: found.url if (found := running(name)) else f"http://127.0.0.1:{ports[name]}" for name in ports}
    click.echo(f"\n  You:  {QUESTION}")
    click.secho(
        textwrap.fill(printable(reply["text"]), 110, initial_indent="  Cleo: ", subsequent_indent="        "), bold=True
    )
    click.echo(
        f"\n  model version {proof['modelVersion']}, bundle {proof['bundleDigest'][:16]}, "
        f"approval {proof['approvalId']} by {proof['approvedBy']}, memories used: {len(proof['memories'])}\n"
        f"  prove it:     cleo verify {proof['replyId']}\n\n"
        f"  API           {url}/graphql   (a token: cleo token --user you)\n"
        f"  Dagster       make ui, then {urls['dagster']}\n"
        f"  MLflow        make ui, then {urls['mlflow']}\n"
        f"  end it all    make stop"
    )
