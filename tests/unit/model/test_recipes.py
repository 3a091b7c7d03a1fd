"""Recipes refuse numbers that contradict each other, and the schedule is one over all phases."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from cleo_model import recipe as recipe_module
from cleo_model import recipes
from cleo_model.errors import RecipeError
from cleo_model.recipe import MoERecipe, OptimizerRecipe, Recipe

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", list(recipes.RECIPES))
def test_a_recipe_survives_the_way_through_json(name: str) -> None:
    recipe = recipes.get(name)
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert [phase.name for phase in recipe.curriculum.phases] == ["foundation", "specialized", "advanced"]


@pytest.mark.parametrize("name", list(recipes.RECIPES))
def test_every_phase_after_the_first_replays_at_least_thirty_percent(name: str) -> None:
    assert all(phase.replay >= 0.3 for phase in recipes.get(name).curriculum.phases[1:])


def test_too_little_replay_is_refused() -> None:
    recipe = recipes.tiny().curriculum
    greedy = recipe.phases[1].replace(mixture={"prose": 0.1, "documentation": 0.8, "conversation": 0.1})
    with pytest.raises(RecipeError, match="replays 20%"):
        recipe.replace(phases=(recipe.phases[0], greedy, recipe.phases[2]))


def test_an_unknown_recipe_is_named_with_the_known_ones() -> None:
    with pytest.raises(RecipeError) as caught:
        recipes.get("huge")
    assert "'huge'" in caught.value.message
    assert "smollm2_demo" in str(caught.value.hint)


@pytest.mark.parametrize(("experts", "top_k"), [(1, 1), (4, 5), (4, 0)])
def test_a_mixture_of_too_few_experts_is_refused(experts: int, top_k: int) -> None:
    with pytest.raises(RecipeError):
        MoERecipe(num_experts=experts, top_k=top_k)
    assert MoERecipe(num_experts=2, top_k=2).num_experts == 2


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": "x"}'])
def test_what_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(RecipeError):
        Recipe.from_json(text)


def test_a_field_that_a_recipe_does_not_have_is_named() -> None:
    data = json.loads(recipes.tiny().to_json()) | {"turbo": True}
    with pytest.raises(RecipeError, match="turbo"):
        Recipe.from_json(json.dumps(data))


def test_tokens_per_step_must_fit_the_rows() -> None:
    with pytest.raises(RecipeError, match="do not fit rows"):
        recipes.tiny().curriculum.replace(tokens_per_step=1000)


def with_ranks(ranks: int) -> Recipe:
    recipe = recipes.tiny()
    return recipe.replace(engine=recipe.engine.replace(ranks=ranks))


def test_rows_that_the_ranks_cannot_share_are_refused() -> None:
    with pytest.raises(RecipeError, match="3 ranks"):
        with_ranks(3)
    assert with_ranks(2).engine.ranks == 2


def test_every_field_of_a_recipe_is_documented() -> None:
    import ast
    import inspect

    tree = ast.parse(inspect.getsource(recipe_module))
    for node in (each for each in tree.body if isinstance(each, ast.ClassDef)):
        following = zip(node.body, node.body[1:], strict=False)
        explained = {
            first.target.id
            for first, second in following
            if isinstance(first, ast.AnnAssign) and isinstance(first.target, ast.Name) and isinstance(second, ast.Expr)
        }
        assert explained == set(getattr(recipe_module, node.name).model_fields), node.name


def test_one_schedule_warms_up_once_and_decays_once_over_all_phases() -> None:
    recipe = OptimizerRecipe(lr=1.0, warmup=0.1, decay=0.3, final=0.1)
    rates = [recipe.rate(step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:70] == [1.0] * 61
    assert all(later < earlier for earlier, later in pairwise(rates[69:]))
    assert rates[-1] == pytest.approx(0.1)


def test_phases_follow_each_other_in_the_one_schedule() -> None:
    recipe = recipes.tiny().curriculum
    ends = [recipe.first_step(phase.name) + recipe.steps(phase.name) for phase in recipe.phases]
    assert [recipe.first_step(phase.name) for phase in recipe.phases] == [0, *ends[:-1]]
    assert ends[-1] == recipe.total_steps
