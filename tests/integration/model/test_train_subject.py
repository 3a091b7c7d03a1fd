"""From a folder of a user's own text with a subject field, by a small model, to the proof that a person is out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cleo_core.commands.subject import subject
from cleo_core.progress import silent
from cleo_core.stage.execution import StageResult
from cleo_model import recipes
from cleo_model.choices import Choices
from cleo_model.cli import train
from cleo_model.corpus.record import HELDOUT, TRAIN
from cleo_model.corpus.sources.folder import sources_of
from cleo_model.pipeline import TEXT
from cleo_model.settings import ModelSettings
from cleo_model.train import run_stages

pytestmark = pytest.mark.integration

PEOPLE = 6


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    folder = tmp_path / "talks"
    folder.mkdir()
    lines = [
        {
            "author": f"user{number % PEOPLE}@mailbox.org",
            "messages": [
                {"role": "user", "content": f"How is press {number} cleaned?"},
                {"role": "assistant", "content": f"With oil and a rag, until its number {number} shines. " * 8},
            ],
        }
        for number in range(120)
    ]
    (folder / "talks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """One phase of two steps."""
    tiny = recipes.tiny()
    phases = tuple(phase.replace(tokens=512, sequence_length=64) for phase in tiny.curriculum.phases[:1])
    curriculum = tiny.curriculum.replace(phases=phases, tokens_per_step=256, heldout_tokens=256, heldout_length=64)
    path = tmp_path / "recipe.json"
    path.write_text(tiny.replace(curriculum=curriculum, engine=tiny.engine.replace(micro_batch_tokens=256)).to_json())
    return path


def told(*argv: str) -> Result:
    return CliRunner().invoke(subject, argv)


def test_who_is_in_a_users_own_text_is_traced_to_the_model_and_erased(
    talks: Path, recipe: Path, tmp_path: Path
) -> None:
    out, receipt = tmp_path / "out", tmp_path / "receipt.json"
    argv = ["--model", "tiny", "--recipe", str(recipe), "--output-dir", str(out), "--data", str(talks)]
    done = CliRunner().invoke(train, [*argv, "--subject", "author"])
    assert done.exit_code == 0, f"{done.output[-1500:]} {done.exception!r}"
    ann, folders = "user3@mailbox.org", ("--train-dir", str(out))
    found = told("trace", ann, *folders, "--json")
    assert found.exit_code == 0, found.output
    trace = json.loads(found.stdout)
    assert sum(sum(one["records"].values()) for one in trace["corpora"]) == 120 // PEOPLE
    assert {one["stage"] for one in trace["made"]} == {"curriculum", "foundation"}
    # The id itself is written nowhere, neither beside the corpus nor beside the model.
    files = [path for path in out.rglob("*") if path.is_file() and path.name not in (TRAIN, HELDOUT)]
    assert files
    assert not any(ann.encode() in path.read_bytes() for path in files)
    # A person who is not in it is not found.
    assert told("trace", "somebody.else@mailbox.org", *folders).exit_code == 1

    erased = told("erase", ann, *folders, "--yes", "--reason", "asked in person", "--receipt", str(receipt))
    assert erased.exit_code == 0, erased.output
    verified = told("verify", str(receipt))
    assert verified.exit_code == 0, verified.output
    assert "proven to be in it" in verified.output
    changed = json.loads(receipt.read_text())
    changed["signatures"][0]["sig"] = changed["signatures"][0]["sig"][::-1]
    (tmp_path / "changed.json").write_text(json.dumps(changed))
    assert told("verify", str(tmp_path / "changed.json")).exit_code != 0

    # The next corpus from the same folder leaves the person out, and nobody else.
    choices = Choices.of(ModelSettings(), recipe=recipes.tiny(), text=tuple(sources_of(talks, "author")))
    made: dict[str, StageResult] = {}
    run_stages([TEXT], choices, made, silent, tmp_path / "later")
    left = "".join((made["text_corpus"].path / part).read_text() for part in (TRAIN, HELDOUT))
    assert left.count("How is press") == 2 * (120 - 120 // PEOPLE)  # in the text and in the messages
    assert "How is press 3 cleaned?" not in left
    assert "How is press 4 cleaned?" in left
