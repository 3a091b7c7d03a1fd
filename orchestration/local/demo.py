"""`make run`: the chain, an approval by the development reviewer, the API, and one real question."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from typing import Any

import click
import httpx

from cleo_core.errors import EnvironmentFault
from cleo_core.terminal import printable
from orchestration.local.chain import run_job
from orchestration.local.services import Program, Service, end, free_port, running, start
from orchestration.local.ui import answers

__all__ = ["demo"]

QUESTION = "What does the Python function len do?"
ASK = """
mutation Ask($text: String!) {
  ask(input: {text: $text}) {
    text
    provenance { replyId modelVersion bundleDigest approvalId approvedBy memories { id why } }
  }
}
"""


def cleo(*arguments: str) -> list[str]:
    """A command of CleoAI as an argument list, in this very environment."""
    return [sys.executable, "-m", "cleo_core", *arguments]


def demo(question: str = QUESTION) -> None:
    """Everything that the first screen of the README promises."""
    began = time.monotonic()
    reused = run_job("train_and_register")
    version = _approve()
    api = _serve(version)
    reply = _ask(api.url, question)
    _show(question, reply, api.url)
    seconds = time.monotonic() - began
    if reused:
        click.echo(f"\nNothing had changed: every stage was reused ({seconds:.0f} s).")
    else:
        click.echo(f"\nDone in {seconds / 60:.1f} minutes.")


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
    if found and answers(f"{found.url}/health") and _served(found.url) == str(version):
        return found
    if found:
        end(found)
    port = free_port(8000)
    url = f"http://127.0.0.1:{port}"
    click.echo(f"\nStarting the API at {url} ...")
    api = Program(name="api", command=cleo("api", "--port", str(port)), url=url, ready=lambda: answers(f"{url}/health"))
    return start(api, timeout=180)[0]


def _served(url: str) -> str:
    details: dict[str, Any] = httpx.get(f"{url}/health", timeout=10).json()
    return str(details.get("model_version", ""))


def _ask(url: str, question: str) -> dict[str, Any]:
    made = subprocess.run(cleo("token", "--user", "demo"), capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        raise EnvironmentFault(f"No token could be made: {made.stderr.strip()}")
    answer = httpx.post(
        f"{url}/graphql",
        json={"query": ASK, "variables": {"text": question}},
        headers={"Authorization": f"Bearer {made.stdout.strip()}"},
        timeout=180,
    ).json()
    if answer.get("errors"):
        raise EnvironmentFault(f"The API refused the question: {answer['errors'][0].get('message')}")
    reply: dict[str, Any] = answer["data"]["ask"]
    return reply


def _show(question: str, reply: dict[str, Any], url: str) -> None:
    proof = reply["provenance"]
    click.echo(f"\n  You:  {question}")
    click.secho(
        textwrap.fill(printable(reply["text"]), 110, initial_indent="  Cleo: ", subsequent_indent="        "), bold=True
    )
    click.echo(
        f"\n  model version {proof['modelVersion']}, bundle {proof['bundleDigest'][:16]}, "
        f"approval {proof['approvalId']} by {proof['approvedBy']}, memories used: {len(proof['memories'])}\n"
        f"  prove it:     cleo verify {proof['replyId']}\n\n"
        f"  API           {url}/graphql   (a token: cleo token --user you)\n"
        f"  Dagster       make ui, then {_url('dagster', 3000)}\n"
        f"  MLflow        make ui, then {_url('mlflow', 5000)}\n"
        f"  end it all    make stop"
    )


def _url(name: str, port: int) -> str:
    found = running(name)
    return found.url if found else f"http://127.0.0.1:{port}"
