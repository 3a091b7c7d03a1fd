"""The parts of the trainer, in this process and on a model of two layers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cleo_core.errors import IntegrityError, UnusableModel
from cleo_core.progress import silent
from cleo_model import recipes
from cleo_model.errors import TrainerRunning, TrainingFailed
from cleo_model.moe.frozen_experts import share_equal_experts
from cleo_model.moe.load_balance import RouterWatch
from cleo_model.moe.upcycle import init_moe
from cleo_model.packing.pack import build_curriculum
from cleo_model.recipe import MoERecipe, Recipe, RoutingRecipe
from cleo_model.training import ops
from cleo_model.training.checkpoint import Cursor, commit, read_cursor
from cleo_model.training.data import Phase
from cleo_model.training.launch import command, main
from cleo_model.training.lock import LOCK, run_lock
from cleo_model.training.loss import heldout_loss, summed_loss
from cleo_model.training.ops import clear_stale_locks, prebuild_ops
from cleo_model.training.phase import REPORT, PhaseReport
from cleo_model.training.result import write_result
from cleo_model.training.trainer import Job, Trainer

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """Four steps a phase, without DeepSpeed."""
    plain = recipes.tiny()
    phases = tuple(phase.replace(tokens=1024, sequence_length=64) for phase in plain.curriculum.phases)
    return plain.replace(
        curriculum=plain.curriculum.replace(phases=phases, tokens_per_step=256, heldout_tokens=512, heldout_length=64),
        engine=plain.engine.replace(micro_batch_tokens=128, zero_stage=0),
    )


@pytest.fixture(scope="module")
def made(
    recipe: Recipe,
    llama: Callable[..., Path],
    corpus: Path,
    tiny_base: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path]:
    """The folders of a mixture and of a curriculum."""
    moe, curriculum = tmp_path_factory.mktemp("moe"), tmp_path_factory.mktemp("curriculum")
    init_moe(llama(), moe, MoERecipe(), silent)
    build_curriculum(corpus, tiny_base, recipe.curriculum, curriculum, silent)
    return moe, curriculum


def job(
    recipe: Recipe, made: tuple[Path, Path], out: Path, phase: str = "foundation", state: Path | None = None
) -> Job:
    return Job(recipe, phase, made[0], state, made[1], out)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.engine.tensors().items()}


def test_a_run_that_stops_at_any_step_goes_on_bit_for_bit(
    recipe: Recipe, made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often = recipe.replace(checkpoints=recipe.checkpoints.replace(steps=1))
    whole = Trainer(job(often, made, tmp_path / "whole"), silent)
    losses = [line.loss for line in whole.run().history]
    for stop in (1, 3):
        out = tmp_path / str(stop)
        broken = Trainer(job(often, made, out), silent)
        step = broken._step

        def breaking(stop: int = stop, broken: Trainer = broken, step: Callable[[], None] = step) -> None:
            if broken.cursor.step == stop:
                raise ConnectionAbortedError
            step()

        monkeypatch.setattr(broken, "_step", breaking)
        with pytest.raises(ConnectionAbortedError):
            broken.run()
        resumed = Trainer(job(often, made, out), silent)
        assert resumed.cursor.step == stop
        assert [line.loss for line in resumed.run().history] == losses
        after = weights(resumed)
        assert all(after[name].equal(value) for name, value in weights(whole).items())


def test_a_run_with_every_kind_of_routing_goes_on_bit_for_bit_and_says_where_tokens_went(
    recipe: Recipe, made: tuple[Path, Path], tmp_path: Path
) -> None:
    # Phases of four steps: the last 4 of 12 are settled, so all of this one routes by top-p.
    routing = RoutingRecipe(
        choice="top_p", jitter=0.1, revive_after=1, entropy=0.01, expected_k=1.5, specialise=0.1, balance_memory=0.5
    )
    chosen = recipe.replace(moe=MoERecipe(routing=routing))
    whole = Trainer(job(chosen, made, tmp_path / "whole"), silent)
    history = whole.run().history
    assert all(line.router and 1 <= line.router.experts_per_token <= 4 for line in history)
    assert whole.cursor.routing.threshold > 0
    stopped = Trainer(job(chosen, made, tmp_path / "stopped"), silent)
    stopped._step()
    stopped._step()
    stopped.save()
    resumed = Trainer(job(chosen, made, tmp_path / "stopped"), silent)
    assert [line.loss for line in resumed.run().history] == [line.loss for line in history]
    assert resumed.cursor.routing == whole.cursor.routing
    write_result(whole)
    report = PhaseReport.model_validate_json((tmp_path / "whole" / REPORT).read_text())
    assert report.routing is not None
    assert set(report.routing.by_domain) == {"prose", "documentation", "conversation"}
    # Held-out text is routed as every stock runtime routes it.
    assert report.routing.experts_per_token == [2.0, 2.0]
    assert "routing.png" in report.plots
    assert "routing by layer" in report.markdown


def test_training_lowers_the_loss_and_keeps_the_first_loss_through_the_phases(
    recipe: Recipe, made: tuple[Path, Path], tmp_path: Path
) -> None:
    fast = recipe.replace(optimizer=recipe.optimizer.replace(lr=1e-2))
    first = Trainer(job(fast, made, tmp_path / "a"), silent).run()
    assert set(first.loss_before) == {"prose", "documentation", "conversation"}
    assert first.loss_after["prose"] < first.loss_before["prose"]
    second = Trainer(job(fast, made, tmp_path / "b", "specialized", tmp_path / "a" / "state"), silent)
    assert second.cursor.loss_before == first.loss_after
    assert second.run().loss_at_start == first.loss_at_start


def test_frozen_layers_keep_their_weights_and_the_others_do_not(
    recipe: Recipe, made: tuple[Path, Path], tmp_path: Path
) -> None:
    frozen = recipe.replace(engine=recipe.engine.replace(trainable_layers=1))
    trainer = Trainer(job(frozen, made, tmp_path), silent)
    before = weights(trainer)
    trainer.run()
    changed = {name for name, value in weights(trainer).items() if not value.equal(before[name])}
    assert changed
    assert all(name.startswith(("model.layers.1.", "model.norm")) for name in changed)
    assert trainer.frozen_layers == 1


def test_a_loss_that_is_not_a_number_stops_the_run(recipe: Recipe, made: tuple[Path, Path], tmp_path: Path) -> None:
    trainer = Trainer(job(recipe, made, tmp_path), silent)
    with torch.no_grad():
        trainer.engine.module.model.norm.weight.fill_(float("nan"))
    with pytest.raises(TrainingFailed, match="nan"):
        trainer.run()


def test_a_checkpoint_of_another_phase_or_number_of_ranks_is_refused(
    recipe: Recipe, made: tuple[Path, Path], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    for wrong, message in (
        (Cursor(phase="advanced", tag="t"), "of phase advanced"),
        (Cursor(phase="foundation", tag="t", ranks=2), "2 ranks"),
    ):
        (state / "t").mkdir(parents=True, exist_ok=True)
        commit(state, wrong)
        with pytest.raises(IntegrityError, match=message):
            Trainer(job(recipe, made, tmp_path), silent)


def test_a_checkpoint_counts_only_once_it_is_whole(tmp_path: Path) -> None:
    for tag in ("one", "two"):
        (tmp_path / tag).mkdir()
    assert read_cursor(tmp_path) is None
    commit(tmp_path, Cursor(phase="foundation", step=1, tag="one"))
    found = read_cursor(tmp_path)
    assert found is not None
    assert found.step == 1
    assert not (tmp_path / "two").exists()
    (tmp_path / "one").rmdir()
    with pytest.raises(IntegrityError, match="is gone"):
        read_cursor(tmp_path)
    (tmp_path / "cursor.json").write_text("{")
    with pytest.raises(IntegrityError, match="not a cursor"):
        read_cursor(tmp_path)


def test_the_loss_in_pieces_is_the_loss_of_the_whole(made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import AutoModelForCausalLM

    from cleo_model.training import loss

    model: Any = AutoModelForCausalLM.from_pretrained(made[0], dtype=torch.float32).eval()
    batch = Phase(made[1], "advanced").rows(0, 4, torch.device("cpu"))
    monkeypatch.setattr(loss, "LOGITS", 7)
    found = summed_loss(model, batch)
    logits = model(batch.tokens).logits[:, :-1]
    labels = batch.tokens[:, 1:].masked_fill(~batch.targets[:, 1:], -100)
    stock = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
    assert float(found) == pytest.approx(float(stock), rel=1e-5)


def test_the_held_out_loss_does_not_depend_on_how_many_rows_go_at_once(made: tuple[Path, Path]) -> None:
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(made[0], dtype=torch.float32).eval()
    part = Phase(made[1], "heldout.prose")
    found = [heldout_loss(model, part, torch.device("cpu"), rows) for rows in (1, 3, 100)]
    assert found[0][1] == found[1][1] == found[2][1] == part.target_count(0, len(part))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert found[0][0] == pytest.approx(found[2][0], rel=1e-5)


def test_a_frozen_head_gives_the_loss_and_gradients_of_a_trained_one(made: tuple[Path, Path]) -> None:
    from transformers import AutoModelForCausalLM

    moe, curriculum = made
    model: Any = AutoModelForCausalLM.from_pretrained(moe, dtype=torch.float32)
    batch = Phase(curriculum, "foundation").rows(0, 3, torch.device("cpu"))
    gradients = []
    for trained in (True, False):
        model.zero_grad()
        model.lm_head.weight.requires_grad_(trained)
        loss = summed_loss(model, batch)
        (2 * loss).backward()
        gradients.append((float(loss), model.model.layers[0].self_attn.q_proj.weight.grad.clone()))
    (expected, slope), (found, other) = gradients
    assert found == pytest.approx(expected, rel=1e-6)
    assert torch.allclose(other, slope, rtol=1e-4, atol=1e-5)


def test_equal_experts_that_are_frozen_compute_one_mlp_and_trained_ones_are_left_alone(
    made: tuple[Path, Path],
) -> None:
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(made[0], dtype=torch.float32).eval()
    ids = torch.randint(0, 100, (2, 48), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model(ids).logits
    layers = len(model.model.layers)
    assert share_equal_experts(model) == 0  # all of it is trained
    model.requires_grad_(False)
    with torch.no_grad():
        model.model.layers[-1].mlp.experts.down_proj[1] += 1e-3  # no longer equal
    names = list(model.state_dict())
    assert share_equal_experts(model) == layers - 1
    assert list(model.state_dict()) == names
    with torch.no_grad():
        model.model.layers[-1].mlp.experts.down_proj[1] = model.model.layers[-1].mlp.experts.down_proj[0]
        watch = RouterWatch(model)
        watch.on = True
        assert torch.allclose(model(ids).logits, expected, atol=1e-4)
    watch.losses(torch.ones(ids.numel()))
    assert len(watch.load()) == layers  # routers of shared layers are seen as before


def test_a_curriculum_that_is_not_there_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "other.tokens.npy", np.zeros((1, 4)))
    with pytest.raises(UnusableModel, match="foundation"):
        Phase(tmp_path, "foundation")


def test_a_folder_has_one_trainer_and_the_second_is_told_its_pid(tmp_path: Path) -> None:
    with run_lock(tmp_path):
        assert (tmp_path / LOCK).read_text() == str(os.getpid())
        with pytest.raises(TrainerRunning, match=f"pid {os.getpid()}"), run_lock(tmp_path):
            pass
    with run_lock(tmp_path):
        assert (tmp_path / LOCK).is_file()
    assert not (tmp_path / LOCK).exists()


def test_the_lock_of_a_killed_trainer_is_free(tmp_path: Path) -> None:
    lines = (
        "import pathlib, os",
        "from cleo_model.training.lock import run_lock",
        f"with run_lock(pathlib.Path({str(tmp_path)!r})):",
        "    os.kill(os.getpid(), 9)",
    )
    hold = "\n".join(lines)
    assert subprocess.run([sys.executable, "-c", hold], check=False).returncode == -9
    assert (tmp_path / LOCK).is_file()
    with run_lock(tmp_path) as handle:
        assert handle > 0


def test_the_command_is_one_process_that_names_every_folder(tmp_path: Path) -> None:
    argv = command(tmp_path / "r.json", "advanced", tmp_path / "m", tmp_path / "s", tmp_path / "c", tmp_path / "o")
    assert argv[:3] == [sys.executable, "-m", "cleo_model.training.launch"]
    assert argv[argv.index("--state-in") + 1] == str(tmp_path / "s")
    assert "--state-in" not in command(tmp_path, "advanced", tmp_path, None, tmp_path, tmp_path)


def test_the_launcher_refuses_bad_input_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recipe_file = tmp_path / "recipe.json"
    folders = (tmp_path / "m", None, tmp_path / "c", tmp_path / "o")
    assert main(command(recipe_file, "foundation", *folders)[3:]) != 0
    recipe_file.write_text(json.dumps({"name": "x"}))
    assert main(command(recipe_file, "foundation", *folders)[3:]) == 2
    recipe_file.write_text(recipes.tiny().to_json())
    assert main(command(recipe_file, "dessert", *folders)[3:]) == 2
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 3
    assert all(line.startswith("Error [") for line in said)
    assert "'dessert'" in said[-1]


HOLD = """
import sys
from torch.utils.file_baton import FileBaton
assert FileBaton(sys.argv[1]).try_acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_the_lock_of_a_killed_compiler_is_cleared_and_that_of_a_living_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    lock = tmp_path / "py311_cpu" / "op" / "lock"
    lock.parent.mkdir(parents=True)
    compiler = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert compiler.stdout is not None
    assert compiler.stdout.readline() == "held\n"
    assert clear_stale_locks() == []
    compiler.kill()
    compiler.communicate()
    assert lock.exists()
    assert clear_stale_locks() == [lock]
    assert not lock.exists()


def test_what_is_compiled_is_known_as_done_until_something_it_depends_on_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[object] = []

    def compile_(command: object, **options: object) -> subprocess.CompletedProcess[str]:
        compiled.append(command)
        (tmp_path / "cpu_adam").mkdir(exist_ok=True)
        (tmp_path / "cpu_adam" / "cpu_adam.so").touch()
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    monkeypatch.setattr(ops.subprocess, "run", compile_)
    assert [prebuild_ops(), prebuild_ops()] == [False, True]
    assert len(compiled) == 1
    (tmp_path / "cpu_adam" / "cpu_adam.so").unlink()
    assert [prebuild_ops(), prebuild_ops()] == [False, True]
    monkeypatch.setattr(ops, "version", lambda name: "another")
    assert [prebuild_ops(), prebuild_ops()] == [False, True]
    assert len(compiled) == 3
    lock = tmp_path / "cpu_adam" / "lock"
    lock.touch()  # of a compiler that was killed
    assert prebuild_ops()
    assert not lock.exists()
