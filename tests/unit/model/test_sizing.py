"""A model without a recipe: its recipe follows from its size, the text and the machine, and every choice is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cleo_model.errors import DoesNotFit
from cleo_model.planner.machine import Processors, gpus
from cleo_model.planner.models import config_of
from cleo_model.recipe import Recipe
from cleo_model.sizing import PASSES, recipe_for, size_of

pytestmark = pytest.mark.unit

HERE = Processors(count=1, memory=16e9, half=False)
TINY = config_of("tiny")


def corpus(folder: Path, documents: int, conversations: int) -> Path:
    folder.mkdir(parents=True)
    asked = [{"role": "user", "content": "Is it clean? " * 8}, {"role": "assistant", "content": "It is. " * 8}]
    rows = [{"id": f"d{n}", "text": "The press is cleaned. " * 60, "domain": "documentation", "source": "s"}
            for n in range(documents)]  # fmt: skip
    rows += [{"id": f"c{n}", "messages": asked, "domain": "conversation", "source": "s"} for n in range(conversations)]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def recipe_of(
    text: Path, config: dict[str, Any] = TINY, machine: Any = HERE, **options: Any
) -> tuple[Recipe, list[str]]:
    return recipe_for("./m", config, size_of(text), machine, **options)


def test_tokens_follow_the_text_and_the_mixture_its_domains(tmp_path: Path) -> None:
    small, _ = recipe_of(corpus(tmp_path / "a", 40, 40))
    large, said = recipe_of(corpus(tmp_path / "b", 400, 400))
    assert large.curriculum.phases[0].tokens == pytest.approx(10 * small.curriculum.phases[0].tokens, rel=0.1)
    text = (400 * 1320 + 400 * 160) / 4
    assert large.curriculum.phases[0].tokens == pytest.approx(PASSES * text, rel=0.05)
    assert large.curriculum.phases[0].mixture["documentation"] == pytest.approx(0.89, abs=0.01)
    assert large.engine.trainable_layers is None
    told = " ".join(said)
    for named in ("5 million parameters", f"{large.curriculum.phases[0].tokens:,} tokens", "rows of 512", "All layers"):
        assert named in told


def test_what_a_person_asks_for_is_what_is_said(tmp_path: Path) -> None:
    def adapt(recipe: Recipe) -> Recipe:
        return recipe.replace(
            curriculum=recipe.curriculum.with_tokens(20_480), optimizer=recipe.optimizer.replace(lr=1e-3)
        )

    recipe, said = recipe_of(corpus(tmp_path / "a", 100, 100), adapt=adapt)
    assert recipe.curriculum.phases[0].tokens == 20_480
    assert any(
        "20,480 tokens" in sentence and "as asked" in sentence and "rate of 0.001" in sentence for sentence in said
    )


def test_a_short_text_makes_short_rows_and_a_large_model_a_small_rate(tmp_path: Path) -> None:
    text = corpus(tmp_path / "a", 0, 300)
    chats, _ = recipe_of(text)
    assert chats.curriculum.phases[0].sequence_length == 128
    wider = [TINY, config_of("smollm2"), {**config_of("smollm2"), "num_hidden_layers": 200}]
    wider.append(config_of("mistralai/Mistral-7B-v0.1"))
    rates = [recipe_of(text, config, gpus(8, 80))[0].optimizer.lr for config in wider]
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == 4


def test_what_does_not_fit_the_memory_is_not_trained_and_it_is_said(tmp_path: Path) -> None:
    text = corpus(tmp_path / "a", 50, 50)
    recipe, said = recipe_of(text, config_of("smollm2"), replace(HERE, memory=2.6e9))
    layers = recipe.engine.trainable_layers
    assert layers is not None
    assert 1 <= layers < 30
    assert any(f"The last {layers} of 30 layers" in sentence for sentence in said)
    with pytest.raises(DoesNotFit, match="a machine with"):
        recipe_of(text, config_of("smollm2"), replace(HERE, memory=1e9))


def test_a_cpu_is_given_no_more_than_it_trains_in_some_minutes_and_it_is_said(tmp_path: Path) -> None:
    recipe, said = recipe_of(corpus(tmp_path / "a", 4000, 0), config_of("smollm2"))
    assert recipe.curriculum.phases[0].tokens < 50_000
    assert any("this CPU trains in some minutes" in sentence for sentence in said)


def test_several_ranks_share_the_rows_of_a_step(tmp_path: Path) -> None:
    recipe, _ = recipe_of(corpus(tmp_path / "a", 100, 0), machine=replace(HERE, count=6))
    assert recipe.replace(engine=recipe.engine.replace(ranks=6)).engine.ranks == 6


def test_a_handful_of_conversations_is_enough_for_the_fewest_steps(tmp_path: Path) -> None:
    recipe, _ = recipe_of(corpus(tmp_path / "a", 0, 7))
    tokens = 7 * 170 / 4
    assert recipe.curriculum.max_epochs * tokens > recipe.curriculum.phases[0].tokens
