"""`cleo engine list|install|remove`: which engines are here, and vLLM's environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

if TYPE_CHECKING:
    from cleo_serving.settings import ServingSettings

VLLM = click.argument("name", type=click.Choice(["vllm"]))


def _settings() -> ServingSettings:
    from cleo_core.settings import load
    from cleo_serving.settings import ServingSettings

    return load(ServingSettings)


@click.group()
def engine() -> None:
    """What runs the model: llama.cpp, transformers, vLLM.

    \b
    cleo engine list
    cleo engine install vllm
    """


@engine.command("list")
@click.option("--model", type=click.Path(path_type=Path), help="A model folder; by default one as `cleo run` makes.")
def list_engines(model: Path | None) -> None:
    """Show which engines can run here, and which one the settings take, and why.

    \b
    cleo engine list
    cleo engine list --model ./my-model
    """
    from cleo_core.errors import InputError
    from cleo_serving.engine.choice import Chosen, choose, obstacle, release

    if model is not None and not model.is_dir():
        raise InputError(f"{model} is no folder.", hint="--model takes a model folder.")
    settings = _settings().engine
    for name in get_args(Chosen):
        problem = obstacle(name, settings, model)
        state = "runs here" if problem is None else f"not here: {problem.hint}"
        click.echo(f"{name:<14}{release(name, settings) or '-':<18}{state}")
    chosen = choose(settings, model)
    click.echo(f"CLEO_SERVING_ENGINE={settings.name} takes {chosen.name}: {chosen.reason}.")


@engine.command()
@VLLM
@click.option(
    "--build", type=click.Choice(["cpu", "cuda"]), help="For which kind of device; by default what this machine has."
)
@click.option("--version", help="Another release than the one that was tried with this CleoAI.")
def install(name: str, build: Literal["cpu", "cuda"] | None, version: str | None) -> None:
    """Install vLLM into an environment of its own, below CLEO_HOME (or CLEO_SERVING_ENGINE__VLLM_FOLDER).

    \b
    cleo engine install vllm
    cleo engine install vllm --build cpu
    """
    from cleo_core.progress import ConsoleReporter
    from cleo_serving.engine.choice import has_gpu
    from cleo_serving.engine.vllm import environment

    chosen = build or ("cuda" if has_gpu() else "cpu")
    made = environment.install(_settings().engine, chosen, ConsoleReporter(), version or environment.VERSION)
    click.echo(f"vLLM {made.version} ({made.build}) is in {made.folder}. Take it with CLEO_SERVING_ENGINE=vllm.")


@engine.command()
@VLLM
def remove(name: str) -> None:
    """Take vLLM's environment away; an API that runs it must be ended before.

    \b
    cleo engine remove vllm
    """
    from cleo_serving.engine.vllm import environment

    click.echo("Removed." if environment.remove(_settings().engine) else "vLLM is not installed.")
