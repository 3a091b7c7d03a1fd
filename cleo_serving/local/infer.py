"""`cleo infer`: replies to one question or to the lines of a file, from a model in this process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click

from cleo_core.errors import InputError
from cleo_core.terminal import printable
from cleo_serving.engine.base import Completion, Message, Sampling
from cleo_serving.engine.transformers import TransformersEngine
from cleo_serving.local.engine import Source, fit, open_engine, reply
from cleo_serving.model.loader import GOLDEN, golden_prompts
from cleo_serving.settings import ServingSettings

__all__ = ["Source", "infer", "lines", "smoke"]


def lines(file: TextIO) -> list[str]:
    """The lines that hold a question.

    Raises:
        InputError: the file is not UTF-8.
    """
    try:
        return [line.strip() for line in file if line.strip()]
    except UnicodeDecodeError:
        raise InputError("The file is not UTF-8 text.", hint="Convert it, then try again.") from None


async def smoke(folder: Path, settings: ServingSettings) -> None:
    """Load a folder, answer the golden prompts, and show what was said."""
    engine = TransformersEngine(settings.engine)
    try:
        await engine.load(folder)
        for question, answer in zip(GOLDEN, await golden_prompts(engine), strict=True):
            click.echo(f"{question}  {' '.join(answer.split())}")
    finally:
        await engine.close()


async def infer(
    source: Source, texts: Sequence[str], system: str, sampling: Sampling, *, stream: bool, as_json: bool
) -> None:
    """Answer each text and show the reply, while it is made or as JSON."""
    async with open_engine(source) as engine:
        prompts = [fit(engine, system, [Message("user", text)], sampling.max_tokens) for text in texts]
        if stream and not as_json:
            for number, prompt in enumerate(prompts):
                await reply(
                    engine, prompt, sampling, f"infer-{number}", lambda part: click.echo(printable(part), nl=False)
                )
                click.echo()
            return
        for text, answer in zip(texts, await engine.generate_batch(prompts, sampling), strict=True):
            click.echo(_shown(text, answer, as_json))


def _shown(text: str, answer: Completion, as_json: bool) -> str:
    if as_json:
        return json.dumps({"input": text, **asdict(answer)}, ensure_ascii=False)
    return printable(answer.text.strip())
