"""`python -m cleo_model.corpus.pii.fit`: make the shipped weights of the PII classifier again."""

from __future__ import annotations

from pathlib import Path

import click

from cleo_core.errors import CleoError
from cleo_core.progress import ConsoleReporter


@click.command(
    epilog="""\b
Examples:
  python -m cleo_model.corpus.pii.fit
  python -m cleo_model.corpus.pii.fit --out ./pii-model --tokens 200000
  python -m cleo_model.corpus.pii.fit --out /tmp/try --tokens 5000 --real 0.01 --judged 50    (whether all of it runs)
  python -m cleo_model.corpus.pii.fit --start ./pii-model-work/weights.pt --rate 3e-5 --tokens 500000
"""
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("pii-model"),
    show_default=True,
    help="Folder that takes the weights; what lies there is replaced.",
)
@click.option(
    "--tokens", type=click.IntRange(min=1000), help="Tokens to train on in one round, instead of the recipe's rounds."
)
@click.option("--rate", type=float, default=1e-4, show_default=True, help="Peak learning rate of that round.")
@click.option("--decay/--constant", default=True, show_default=True, help="Whether the rate of that round falls to 0.")
@click.option("--real", type=click.FloatRange(0, 1), help="Share of the real passages that are read (default 1).")
@click.option("--judged", type=click.IntRange(min=1), help="Texts that thresholds are chosen by (default 2,500).")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws other texts from the same forms.")
@click.option(
    "--start",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Go on from these weights (weights.pt in the work folder) instead of Rampart's.",
)
def main(
    out: Path,
    tokens: int | None,
    rate: float,
    decay: bool,
    real: float | None,
    judged: int | None,
    seed: int,
    start: Path | None,
) -> None:
    """Make the weights of the PII classifier: about 45 minutes on two cores, no accelerator needed.

    Fetches Rampart's weights (CC BY 4.0) from the package registry, fine-tunes them on generated text, and writes
    ONNX in 8 bits with thresholds, digests and attribution. Needs: pip install 'cleoai[pipeline,fit]'.
    """
    from cleo_model.corpus.pii.fit.recipe import Recipe, fit
    from cleo_model.corpus.pii.fit.train import Budget

    whole = Recipe(seed=seed)
    changed = {
        "rounds": (Budget(tokens, rate, decay=decay),) if tokens else whole.rounds,
        "real": whole.real if real is None else real,
        "judged": judged or whole.judged,
    }
    try:
        fit(whole.model_copy(update=changed), out, ConsoleReporter(), start=start)
    except CleoError as error:
        raise click.ClickException(str(error)) from error
    click.echo((out / "README.md").read_text(encoding="utf-8"))
    click.echo(f"The weights lie in {out}; to ship them, put the files in cleo_model/corpus/pii/model.")


if __name__ == "__main__":
    main()
