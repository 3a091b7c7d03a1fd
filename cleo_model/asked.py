"""What a person asks for on the command line, and the recipe that it makes of another."""

from __future__ import annotations

from dataclasses import dataclass

from cleo_model.errors import RecipeError
from cleo_model.recipe import MoERecipe, Recipe


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of `cleo train` that change a recipe; None leaves what the recipe says."""

    model: str
    use_moe: bool = False
    num_experts: int | None = None
    top_k: int | None = None
    deepspeed: bool = False
    ranks: int | None = None
    tokens: int | None = None
    order: str | None = None
    """random: the control, in which every phase gets the average mixture."""
    learning_rate: float | None = None

    def moe(self, recipe: Recipe | None) -> MoERecipe | None:
        """The experts: those of the recipe, but for the counts that were asked for; None without --use-moe."""
        if not self.use_moe:
            return None
        counts = {"num_experts": self.num_experts, "top_k": self.top_k}
        known = (recipe and recipe.moe) or MoERecipe()
        return known.replace(**{name: count for name, count in counts.items() if count is not None})

    def of(self, recipe: Recipe) -> Recipe:
        """The recipe with what was asked for.

        Raises:
            RecipeError: the two contradict each other.
        """
        engine, curriculum = recipe.engine, recipe.curriculum
        curriculum = curriculum.with_tokens(self.tokens) if self.tokens else curriculum
        if engine.ranks > 1 and not self.deepspeed:
            raise RecipeError(
                f"Recipe {recipe.name} divides a run over {engine.ranks} ranks, but one process was asked for.",
                hint="Add --deepspeed; --ranks changes the number.",
            )
        return recipe.replace(
            base_model=self.model,
            moe=self.moe(recipe),
            curriculum=curriculum.replace(shuffled_order=self.order == "random") if self.order else curriculum,
            optimizer=recipe.optimizer.replace(lr=self.learning_rate) if self.learning_rate else recipe.optimizer,
            engine=engine.replace(
                zero_stage=(engine.zero_stage or 1) if self.deepspeed else 0,
                ranks=(self.ranks or engine.ranks) if self.deepspeed else 1,
            ),
        )
