"""Talks with the assistant through the real API: what it answers with its memory, what it keeps of what it was told.

The messages of each talk are sent in order, one conversation a session; then each question in a conversation of its
own. Three arms: without memory (a user of whom nothing is known), with it, and the oracle: the one message that holds
the answer is the only memory. Greedy, 48 tokens a reply, the engine that the settings choose.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from benchmarks.result import Figure, Result
from benchmarks.talks import Client, Learned, Question, Talk, holds, opened, read
from cleo_core.errors import CleoError, InputError
from cleo_core.files import write_json
from cleo_core.progress import Reporter
from cleo_core.registry.pull import pull

DATA = (Path(__file__).parent / "data" / "assistant.yaml", Path(__file__).parent / "data" / "assistant_judged.yaml")
AT_ONCE = 4
"""Talks that are held at the same time, each by a user of its own."""
ARMS = ("off", "on", "oracle")


@dataclass(slots=True)
class Held:
    """What came of one talk."""

    talk: Talk
    replies: list[str] = field(default_factory=list)
    """With memory, in their order."""
    extracted: list[Learned] = field(default_factory=list)
    right: dict[str, list[bool]] = field(default_factory=lambda: {arm: [] for arm in ARMS})
    """By arm, question by question."""
    answers: dict[str, list[str]] = field(default_factory=lambda: {arm: [] for arm in ARMS})

    @property
    def repeated(self) -> int:
        return len(self.replies) - len({" ".join(reply.split()) for reply in self.replies})

    def found(self) -> list[bool]:
        """Of each fact, whether an extracted memory holds it."""
        return [any(holds(memory.content, [fact]) for memory in self.extracted) for fact in self.talk.facts]

    def apt(self) -> list[bool]:
        """Of each extracted memory, whether it holds a fact."""
        return [holds(memory.content, self.talk.facts) for memory in self.extracted]

    def invented(self) -> list[Learned]:
        said = "\n".join(self.talk.messages)
        return [memory for memory in self.extracted if not holds(said, [memory.value])]


def run(args: argparse.Namespace, report: Reporter) -> Result:
    """Figures `answered_off`, `answered_on`, `answered_oracle`, each by category too; `extraction_recall`,
    `extraction_precision`, `repeated_replies`, `inventions_kept`."""
    files = (args.data,) if args.data else tuple(path for path in DATA if path.is_file())
    talks = [talk for path in files for talk in read(path)]
    if args.quick:
        talks = talks[:: max(1, len(talks) // 4)][:4]
    with tempfile.TemporaryDirectory(prefix="cleo-bench-") as place:
        folder = _model(args.model, Path(place) / "model", report)
        environment = {"CLEO_HOME": str(Path(place) / "home"), "CLEO_SERVING_MODEL_FOLDER": str(folder)}
        with patch.dict(os.environ, environment):
            began = time.monotonic()
            engine, held = asyncio.run(_hold(talks, report))
            seconds = time.monotonic() - began
    result = Result("assistant", figures=figures(held) | {"run_s": round(seconds, 1)})
    result.notes = [f"engine: {engine}; model: {args.model or 'the released one'}", *_misses(held)]
    if args.replies:
        write_json(args.replies, [_written(each) for each in held], mode=0o644)
    return result


def figures(held: Sequence[Held]) -> dict[str, Figure]:
    """The figures of talks that were held, as shares of 1."""
    made: dict[str, Figure] = {"talks": len(held), "questions": sum(len(each.talk.questions) for each in held)}
    asked = [(question, each, n) for each in held for n, question in enumerate(each.talk.questions)]
    for arm in ARMS:
        made[f"answered_{arm}"] = _share([each.right[arm][n] for _, each, n in asked])
    oracle = made["answered_oracle"]
    if isinstance(oracle, float) and oracle:
        made["answered_on_over_oracle"] = round(float(made["answered_on"]) / oracle, 4)
    made["extraction_recall"] = _share([right for each in held for right in each.found()])
    made["extraction_precision"] = _share([right for each in held for right in each.apt()])
    replies = sum(len(each.replies) for each in held)
    made["repeated_replies"] = round(sum(each.repeated for each in held) / replies, 4) if replies else 0.0
    made["inventions_kept"] = sum(len(each.invented()) for each in held)
    for category in sorted(Counter(question.category for question, _, _ in asked)):
        for arm in ARMS:
            chosen = [each.right[arm][n] for question, each, n in asked if question.category == category]
            made[f"answered_{arm}_{category}"] = _share(chosen)
    return made


def _share(of: Sequence[bool]) -> float:
    return round(sum(of) / len(of), 4) if of else 1.0


def _misses(held: Sequence[Held]) -> list[str]:
    """What was told and not kept, and what was kept and not told as a fact."""
    lines = []
    for each in held:
        missed = [fact for fact, found in zip(each.talk.facts, each.found(), strict=True) if not found]
        beside = [memory.content for memory, apt in zip(each.extracted, each.apt(), strict=True) if not apt]
        if missed or beside:
            lines.append(f"{each.talk.id}: not kept {missed}, kept beside the facts {beside}")
    return lines[:40]


def _written(each: Held) -> dict[str, object]:
    asked = [
        {"ask": question.ask, "category": question.category}
        | {arm: {"right": each.right[arm][n], "reply": each.answers[arm][n]} for arm in ARMS}
        for n, question in enumerate(each.talk.questions)
    ]
    return {
        "id": each.talk.id,
        "messages": [
            {"message": message, "reply": reply}
            for message, reply in zip(each.talk.messages, each.replies, strict=False)
        ],
        "extracted": [{"key": memory.key, "content": memory.content} for memory in each.extracted],
        "questions": asked,
    }


def _model(named: str | None, made: Path, report: Reporter) -> Path:
    """The folder of the model that is talked with.

    Raises: InputError: none is named, and none is released here.
    """
    if named is None:
        try:
            return pull("champion").path
        except CleoError as error:
            raise InputError(
                f"There is no released model here ({error.message})",
                hint="Run `make run` first, or name one: --model FOLDER, or --model smollm2.",
            ) from None
    if Path(named).is_dir():
        return Path(named).resolve()
    from cleo_model.base_model import resolve

    made.mkdir()
    resolve(named, made, report)
    return made


async def _hold(talks: Sequence[Talk], report: Reporter) -> tuple[str, list[Held]]:
    gate, done = asyncio.Semaphore(AT_ONCE), 0
    async with opened() as client:

        async def one(talk: Talk) -> Held:
            nonlocal done
            async with gate:
                held = await _talk(client, talk)
            done += 1
            report("talks", done, len(talks))
            return held

        return client.engine, list(await asyncio.gather(*(one(talk) for talk in talks)))


async def _talk(client: Client, talk: Talk) -> Held:
    held = Held(talk)
    for number, question in enumerate(talk.questions):
        await _ask(client, held, "off", f"{talk.id}-off-{number}", question)
        user = f"{talk.id}-oracle-{number}"
        if (message := talk.message_with(question)) is not None:
            await client.remember(user, message)
        await _ask(client, held, "oracle", user, question)
    user = f"{talk.id}-on"
    for session in talk.sessions:
        conversation = None
        for message in session:
            reply, conversation = await client.ask(user, message, conversation)
            held.replies.append(reply)
    held.extracted = await client.learned(user)
    for question in talk.questions:
        held.replies.append(await _ask(client, held, "on", user, question))
    return held


async def _ask(client: Client, held: Held, arm: str, user: str, question: Question) -> str:
    reply, _ = await client.ask(user, question.ask)
    held.answers[arm].append(reply)
    held.right[arm].append(question.is_right(reply))
    return reply
