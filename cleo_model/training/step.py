"""How the work of a step is cut into pieces: what the trainer does, and the planner counts with. Needs no torch."""

from __future__ import annotations

from cleo_model.recipe import Recipe

LOGITS = 256
"""Targets whose logits are there at once."""
BUCKET = 50_000_000
"""Values that are sent to the other ranks at once."""


def rows_of(recipe: Recipe, length: int, ranks: int, micro_batch_tokens: int) -> tuple[int, int]:
    """Rows of a micro batch, of `length` tokens each, and how many micro batches a rank makes in a step."""
    per_rank = recipe.curriculum.tokens_per_step // length // ranks
    wanted = max(1, micro_batch_tokens // length)
    # The largest number of rows that is not above the wish and divides a rank's share.
    rows = next(rows for rows in range(min(wanted, per_rank), 0, -1) if per_rank % rows == 0)
    return rows, per_rank // rows
