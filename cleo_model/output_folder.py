"""The folder that `cleo train` leaves: the model itself, as every loader takes it, and the run's work below ``.work``.

    X/config.json, *.safetensors, tokenizer…      the model, whole or not there
    X/.work/run.json                              whose run this is: recipe, and the digests of model and text
    X/.work/<stage>/                              what an interrupted run goes on from

config.json comes last and goes first: a folder without it is no model to anybody.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pydantic import BaseModel

from cleo_core.digest import sha256_file
from cleo_core.errors import InputError, IntegrityError
from cleo_core.files import sync_folder, write_atomic
from cleo_core.model_folder import MODEL_FILES, WORK
from cleo_model.errors import OtherRun
from cleo_model.recipe import Recipe
from cleo_model.training.same_run import differences

RUN = "run.json"
CONFIG = "config.json"
ANOTHER = "Choose another --output-dir, or remove this one."


class Run(BaseModel):
    """What a run trains: with these the same, it is the same run."""

    version: int = 1
    recipe: Recipe
    model: str
    """Digest of the base model."""
    text: str
    """Digest of the corpus."""


def claim(out: Path, model: str) -> Path:
    """The work folder of a run into `out`, made where it is not there.

    Raises:
        InputError: `out` is the model itself, or holds what no run of ours left.
    """
    given = Path(model).expanduser()
    if given.is_dir() and out.is_dir() and given.samefile(out):
        raise InputError(f"{out} is the model that is trained.", hint="Choose another --output-dir.")
    if out.is_dir() and not (out / WORK).is_dir():
        found = sorted(path.name for path in out.iterdir())
        if found:
            what = "a model that was not trained into it" if CONFIG in found else f"{', '.join(found[:3])}"
            raise InputError(f"{out} is not empty: it holds {what}.", hint="Choose another --output-dir.")
    work = out / WORK
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    return work


def check_run(work: Path, run: Run) -> None:
    """Write down whose run this is; where one stands there already, it has to be the same.

    Raises:
        OtherRun: it has another recipe, model or text; names what differs.
        IntegrityError: what stands there cannot be read.
    """
    file = work / RUN
    if file.is_file():
        try:
            before = Run.model_validate_json(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise IntegrityError(f"{file} cannot be read: {str(error)[:200]}", hint=ANOTHER) from None
        other = differences(before.recipe, run.recipe)
        other += ["the base model is another"] * (before.model != run.model)
        other += ["the text is another"] * (before.text != run.text)
        if other:
            more = f" and {len(other) - 4} more" if len(other) > 4 else ""
            raise OtherRun(f"{work.parent} holds another run: {'; '.join(other[:4])}{more}.", hint=ANOTHER)
    write_atomic(file, run.model_dump_json(indent=1))


def publish(model: Path, out: Path) -> None:
    """Make `out` the model of folder `model`. Killed in between it is no model at all, and done again it is whole."""
    names = sorted(path.name for path in model.iterdir())
    if all((out / name).is_file() and sha256_file(out / name) == sha256_file(model / name) for name in names):
        return
    (out / CONFIG).unlink(missing_ok=True)
    old = {path.name for pattern in MODEL_FILES for path in out.glob(pattern)}
    for name in old - set(names):
        (out / name).unlink()
    draft = out / WORK / "publish"
    for name in sorted(names, key=lambda name: name == CONFIG):
        shutil.copyfile(model / name, draft)
        os.replace(draft, out / name)
    sync_folder(out)
