"""The folder of `cleo train`: it is the model, and it is the model of one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleo_core.digest import tree_digest
from cleo_core.errors import InputError, UnsafeWeights
from cleo_core.model_folder import WORK, check_model_folder, work_of
from cleo_model import recipes
from cleo_model.base_model import content_digest
from cleo_model.errors import OtherRun
from cleo_model.output_folder import Run, check_run, claim, publish

pytestmark = pytest.mark.unit


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    model, letters, new = tmp_path / "model", tmp_path / "letters", tmp_path / "new"
    for folder, name in ((model, "config.json"), (letters, "letter.txt")):
        folder.mkdir()
        (folder / name).write_text("mine")
        with pytest.raises(InputError, match="not empty"):
            claim(folder, "tiny")
        assert [path.name for path in folder.iterdir()] == [name]
    with pytest.raises(InputError, match="is the model that is trained"):
        claim(model, str(tmp_path / "letters" / ".." / "model"))
    assert claim(new, "tiny") == claim(new, "tiny") == new / WORK


def test_a_run_goes_on_with_other_ranks_and_never_with_another_recipe_model_or_text(tmp_path: Path) -> None:
    recipe = recipes.tiny()
    run = Run(recipe=recipe, model="m", text="t")
    check_run(tmp_path, run)
    check_run(tmp_path, run.model_copy(update={"recipe": recipe.replace(engine=recipe.engine.replace(ranks=2))}))
    faster = recipe.replace(optimizer=recipe.optimizer.replace(lr=0.5))
    for other, said in (
        (Run(recipe=faster, model="m", text="t"), r"optimizer.lr was 0.0004, is 0.5"),
        (Run(recipe=recipe, model="n", text="t"), "base model is another"),
        (Run(recipe=recipe, model="m", text="u"), "text is another"),
    ):
        with pytest.raises(OtherRun, match=said):
            check_run(tmp_path, other)
    check_run(tmp_path, run)


def test_the_published_folder_is_the_model_and_its_work_is_no_part_of_it(tiny_base: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    work = claim(out, "tiny")
    (work / "phase.tokens.npy").write_bytes(b"rows")
    (out / "model-00001-of-00002.safetensors").write_bytes(b"of a run before")
    publish(tiny_base, out)
    assert not list(out.glob("model-0*"))
    check_model_folder(out)
    assert tree_digest(out, skip=work_of(out)) == tree_digest(tiny_base)
    assert content_digest(str(out)) == content_digest(str(tiny_base))
    # What may run code is refused everywhere else in the folder.
    (out / "extra").mkdir()
    (out / "extra" / "phase.npy").write_bytes(b"rows")
    with pytest.raises(UnsafeWeights, match="extra/phase"):
        check_model_folder(out)


def test_a_publication_that_was_cut_short_leaves_no_model_and_is_completed(tiny_base: Path, tmp_path: Path) -> None:
    claim(tmp_path, "tiny")
    publish(tiny_base, tmp_path)
    (tmp_path / "config.json").unlink()
    (tmp_path / "model.safetensors").write_bytes(b"half")
    publish(tiny_base, tmp_path)
    assert tree_digest(tmp_path, skip=work_of(tmp_path)) == tree_digest(tiny_base)
