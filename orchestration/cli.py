"""`cleo run|ui|stop`: the pipeline from a terminal."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--job",
    type=click.Choice(["train_and_register", "refresh_corpus", "evaluate_only"]),
    default="train_and_register",
    show_default=True,
    help="Which job.",
)
@click.option("--demo", is_flag=True, help="Also approve with the development key, serve, and ask one question.")
@click.option("--recipe", help="Name or file (JSON, YAML) of the training recipe, for this run (CLEO_MODEL_RECIPE).")
@click.option("--sources", type=click.Path(), help="File that lists your sources, for this run (CLEO_MODEL_SOURCES).")
@click.option("--model", help="Base model: smollm2, a local folder or a Hugging Face id (CLEO_MODEL_BASE_MODEL).")
def run(job: str, demo: bool, recipe: str | None, sources: str | None, model: str | None) -> None:
    """Run a job: corpus, training, evaluation, signed registration.

    \b
    cleo run                                   the whole chain
    cleo run --sources my/sources.yaml         on your own text
    cleo run --job refresh_corpus              only the corpus
    """
    import os

    from cleo_core.settings import home

    home()
    for name, value in (("RECIPE", recipe), ("SOURCES", sources), ("BASE_MODEL", model)):
        if value:
            os.environ[f"CLEO_MODEL_{name}"] = value
    _check(trains=job == "train_and_register")
    if demo:
        from orchestration.local.demo import demo as show

        show()
    else:
        from orchestration.local.chain import run_job

        run_job(job)


def _check(*, trains: bool) -> None:
    """Refuse wrong settings before anything runs, not minutes later in a step."""
    from cleo_core.settings import load
    from cleo_model.choices import Choices
    from cleo_model.packing.mixture import check_domains
    from cleo_model.settings import ModelSettings

    choices = Choices.of(load(ModelSettings))
    if trains:
        for note in check_domains(choices.recipe.curriculum, {source.domain for source in choices.sources}):
            click.echo(note)


@click.command()
@click.option("--dagster-port", default=3000, show_default=True)
@click.option("--mlflow-port", default=5000, show_default=True)
def ui(dagster_port: int, mlflow_port: int) -> None:
    """Start Dagster and MLflow in the background, on 127.0.0.1.

    \b
    cleo ui
    cleo stop      ends them
    """
    from orchestration.local.ui import start_ui

    click.echo("Starting Dagster and MLflow ...")
    for service in start_ui(dagster_port, mlflow_port):
        click.echo(f"  {service.name:8} {service.url}")


@click.command()
def stop() -> None:
    """End what `cleo run --demo` and `cleo ui` started.

    \b
    cleo stop
    """
    from orchestration.local.services import stop_all

    ended = stop_all()
    click.echo(f"Ended: {', '.join(ended)}." if ended else "Nothing was running.")
