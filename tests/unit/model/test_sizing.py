"""A model without a recipe: its recipe follows from its size, the text and the machine, and every choice is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cleo_model import sizing
from cleo_model.base_model import BaseModelSummary
from cleo_model.recipe import Recipe
from cleo_model.sizing import PASSES, recipe_for

pytestmark = pytest.mark.unit


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    config = {"num_hidden_layers": 30, "vocab_size": 49152, "hidden_size": 576, "max_position_embeddings": 8192}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def model(parameters: float) -> BaseModelSummary:
    known: dict[str, Any] = {"architecture": "LlamaForCausalLM", "vocabulary": 49152, "chat_template": True}
    return BaseModelSummary(parameters=int(parameters), model="./m", origin="./m", digest="0", **known)


def corpus(folder: Path, documents: int, conversations: int) -> Path:
    folder.mkdir(parents=True)
    asked = [{"role": "user", "content": "Is it clean? " * 8}, {"role": "assistant", "content": "It is. " * 8}]
    rows = [{"id": f"d{n}", "text": "The press is cleaned. " * 60, "domain": "documentation", "source": "s"}
            for n in range(documents)]  # fmt: skip
    rows += [{"id": f"c{n}", "messages": asked, "domain": "conversation", "source": "s"} for n in range(conversations)]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_tokens_follow_the_text_and_the_mixture_its_domains(tmp_path: Path, base: Path) -> None:
    small, _ = recipe_for("./m", base, model(2e6), corpus(tmp_path / "a", 100, 100))
    large, said = recipe_for("./m", base, model(2e6), corpus(tmp_path / "b", 1000, 1000))
    assert large.curriculum.phases[0].tokens == pytest.approx(10 * small.curriculum.phases[0].tokens, rel=0.1)
    text = (1000 * 1320 + 1000 * 160) / 4
    assert large.curriculum.phases[0].tokens == pytest.approx(PASSES * text, rel=0.05)
    assert large.curriculum.phases[0].mixture["documentation"] == pytest.approx(0.89, abs=0.01)
    assert large.engine.trainable_layers is None
    told = " ".join(said)
    for named in ("2 million parameters", f"{large.curriculum.phases[0].tokens:,} tokens", "rows of 512", "All layers"):
        assert named in told


def test_what_a_person_asks_for_is_what_is_said(tmp_path: Path, base: Path) -> None:
    def adapt(recipe: Recipe) -> Recipe:
        return recipe.replace(
            curriculum=recipe.curriculum.with_tokens(20_480), optimizer=recipe.optimizer.replace(lr=1e-3)
        )

    recipe, said = recipe_for("./m", base, model(2e6), corpus(tmp_path / "a", 100, 100), adapt=adapt)
    assert recipe.curriculum.phases[0].tokens == 20_480
    assert any(
        "20,480 tokens" in sentence and "as asked" in sentence and "rate of 0.001" in sentence for sentence in said
    )


def test_a_short_text_makes_short_rows_and_a_large_model_a_small_rate(tmp_path: Path, base: Path) -> None:
    chats, _ = recipe_for("./m", base, model(5e6), corpus(tmp_path / "a", 0, 300))
    assert chats.curriculum.phases[0].sequence_length == 128
    rates = [recipe_for("./m", base, model(size), tmp_path / "a")[0].optimizer.lr for size in (5e6, 1e8, 1e9, 7e9)]
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == 4


def test_what_does_not_fit_the_memory_is_not_trained_and_it_is_said(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizing, "OF_MEMORY", 0.0)
    recipe, said = recipe_for("./m", base, model(135e6), corpus(tmp_path / "a", 50, 50))
    assert recipe.engine.trainable_layers == 1
    assert any("The last 1 of 30 layers" in sentence for sentence in said)


def test_a_cpu_is_given_no_more_than_it_trains_in_some_minutes_and_it_is_said(tmp_path: Path, base: Path) -> None:
    recipe, said = recipe_for("./m", base, model(135e6), corpus(tmp_path / "a", 4000, 0))
    assert recipe.curriculum.phases[0].tokens < 50_000
    assert any("this CPU trains in some minutes" in sentence for sentence in said)


def test_several_ranks_share_the_rows_of_a_step(tmp_path: Path, base: Path) -> None:
    recipe, _ = recipe_for("./m", base, model(5e6), corpus(tmp_path / "a", 100, 0), ranks=6)
    assert recipe.replace(engine=recipe.engine.replace(ranks=6)).engine.ranks == 6


def test_a_handful_of_conversations_is_enough_for_the_fewest_steps(tmp_path: Path, base: Path) -> None:
    recipe, _ = recipe_for("./m", base, model(5e6), corpus(tmp_path / "a", 0, 7))
    tokens = 7 * 170 / 4
    assert recipe.curriculum.max_epochs * tokens > recipe.curriculum.phases[0].tokens
