"""The options of `cleo train`: those that contradict each other are refused, and --dry-run makes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from cleo_core.errors import CleoError
from cleo_model import recipes
from cleo_model.cli import train
from cleo_model.errors import DoesNotFit, RecipeError

pytestmark = pytest.mark.unit

SEVEN = ("--model", "mistralai/Mistral-7B-v0.1", "--use-moe", "--num-experts", "8", "--deepspeed", "--dry-run")


def asked(*argv: str) -> Result:
    done = CliRunner().invoke(train, argv)
    if isinstance(done.exception, CleoError):
        raise done.exception
    return done


def test_the_seven_billion_are_planned_from_their_name_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = asked(*SEVEN, "--gpus", "16", "--gpu-memory", "80", "--gpu-hour-price", "2")
    assert done.exit_code == 0, done.output
    for part in ("46,702,792,704", "12.88 billion", "> ZeRO 3", "4,998,561,792 tokens", "GPU hours x 2"):
        assert part in done.output
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_is_refused_and_what_fits_is_named() -> None:
    with pytest.raises(DoesNotFit, match="do not fit 8 GPUs") as caught:
        asked(*SEVEN, "--gpus", "8", "--gpu-memory", "80")
    assert "16 of these GPUs" in str(caught.value.hint)


def test_a_model_of_ones_own_is_planned_by_its_text(tmp_path: Path) -> None:
    folder, text = tmp_path / "model", tmp_path / "notes.jsonl"
    folder.mkdir()
    shape = {
        "model_type": "qwen3", "vocab_size": 4096, "hidden_size": 128, "intermediate_size": 160, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 512,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(shape))
    told = "The handbook says how press {} is cleaned before the shift ends. " * 20
    text.write_text("".join(json.dumps({"text": told.format(*range(n, n + 20))}) + "\n" for n in range(60)))
    given = ("--model", str(folder), "--data", str(text), "--dry-run")
    done = asked(*given, "--deepspeed", "--gpus", "2", "--gpu-memory", "24")
    assert done.exit_code == 0, done.output
    assert "No recipe is named" in done.output
    assert "of 2 GPUs" not in done.output
    assert "2 GPUs of 24 GB" in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "notes.jsonl"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--num-experts", "8", "--output-dir", "o"), "need --use-moe"),
        (("--ranks", "2", "--output-dir", "o"), "needs --deepspeed"),
        (("--gpus", "8", "--output-dir", "o"), "need --dry-run"),
        (("--gpu-memory", "80", "--dry-run"), "need --gpus"),
        (("--gpus", "8", "--dry-run"), "needs --deepspeed"),
        (("--gpus", "8", "--ranks", "4", "--deepspeed", "--dry-run"), "a rank has one GPU"),
        ((), "--output-dir is missing"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: tuple[str, ...], said: str) -> None:
    done = asked("--model", "tiny", *options)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_more_experts_per_token_than_experts_are_refused() -> None:
    with pytest.raises(RecipeError, match="2 experts with top-4"):
        asked("--model", "tiny", "--use-moe", "--num-experts", "2", "--top-k", "4", "--dry-run")


def test_a_recipe_is_read_from_yaml_as_from_json(tmp_path: Path) -> None:
    recipe = recipes.get("tiny")
    known: dict[str, Any] = recipe.model_dump(mode="json")
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(known))
    (tmp_path / "r.json").write_text(recipe.to_json())
    assert recipes.get(str(tmp_path / "r.yaml")) == recipes.get(str(tmp_path / "r.json")) == recipe
    for name, content, said in (
        ("a.yaml", b"a: [", "is not YAML"),
        ("b.yaml", b"!!python/object/apply:os.getcwd []", "is not YAML"),
        ("c.yml", b"- 1", "not a recipe"),
        ("d.yaml", b"\xff\xfe", "not UTF-8"),
        ("e.toml", b"", "no recipe"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RecipeError, match=said):
            recipes.get(str(tmp_path / name))
