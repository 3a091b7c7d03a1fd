"""`cleo infer --routing` shows where the tokens of a question and its reply went, and refuses what has no experts."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleo_core.errors import InputError
from cleo_core.progress import silent
from cleo_serving.local.routing import lines, trace

pytestmark = pytest.mark.unit


def test_every_token_is_shown_with_its_experts_and_a_dense_model_is_refused(tmp_path: Path) -> None:
    from cleo_model.base_model import resolve
    from cleo_model.moe.upcycle import init_moe
    from cleo_model.recipe import MoERecipe

    base, moe = tmp_path / "base", tmp_path / "moe"
    base.mkdir()
    moe.mkdir()
    resolve("tiny", base, silent)
    init_moe(base, moe, MoERecipe(), silent)
    first, second = trace(moe, [[5, 6, 7], [8, 9]])
    assert (len(first), len(second)) == (3, 2)
    # What a model says must not move the cursor of who reads it.
    shown = list(lines(first.model_copy(update={"tokens": ["\x1b[2J", " a", "\n"]})))
    assert len(shown) == 1 + 3 + 1
    assert "\x1b" not in "".join(shown)
    assert all(len(line.split()[-1].split("+")) == 2 for line in shown[2:4])
    with pytest.raises(InputError, match="LlamaForCausalLM has no router"):
        trace(base, [[5]])
