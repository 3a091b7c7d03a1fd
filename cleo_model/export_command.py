"""`cleo export`: a model in the form that another program reads."""

from __future__ import annotations

from pathlib import Path

import click

from cleo_core.errors import InputError
from cleo_core.progress import ConsoleReporter


@click.command()
@click.argument("model_folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--gguf", is_flag=True, help="As one GGUF file, for llama.cpp and what is built on it.")
@click.option(
    "--type",
    "precision",
    type=click.Choice(["q8_0", "bf16", "f32"]),
    default="q8_0",
    show_default=True,
    help="Of the matrices. q8_0: half the size of bf16, and nearly the same model.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.option("--overwrite", is_flag=True, help="Put it in the place of a file that is there.")
def export(model_folder: Path, gguf: bool, precision: str, out: Path, overwrite: bool) -> None:
    """Write the model of MODEL_FOLDER (config.json, safetensors, tokenizer) as one file for another program.

    \b
    cleo export ./models/my_model --gguf --out my_model.gguf
    cleo export ./models/my_model --gguf --type bf16 --out my_model-bf16.gguf

    Covered are Llama, Mistral, Mixtral, Qwen2, Qwen3, Qwen2-MoE and Qwen3-MoE with a BPE tokenizer: byte-level as
    Llama 3, Qwen and SmolLM2 have it, or SentencePiece's as Llama 2 and Mistral. Mixtures must have experts in every
    layer, for llama.cpp knows no other; and it adds up the experts of a Qwen2-MoE by weights that do not sum to 1, so
    one that was upcycled here is refused. Tokenizer and chat template lie in the file. A tensor is converted at a time,
    so the memory this takes does not grow with the model. An interrupted run leaves nothing.

    The chain makes such a file itself and compares it with the safetensors: `model.gguf` in a bundle.
    """
    from cleo_model.gguf import Precision, write_gguf

    if not gguf:
        raise click.UsageError("Say in which form: --gguf.")
    if out.exists() and not overwrite:
        raise InputError(f"{out} is there already.", hint="Choose another --out, or add --overwrite.")
    written = write_gguf(model_folder, out, Precision(precision), ConsoleReporter())
    parameters, size = written.parameters / 1e6, written.bytes / 1e6
    click.echo(f"{written.file}: {written.precision}, {parameters:,.0f}M parameters in {size:,.0f} MB.")
