"""One rank's process. Started by the launcher, never by hand."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
import warnings

from cleo_core.errors import CleoError, EnvironmentFault, UnusableModel
from cleo_core.progress import Reporter
from cleo_model.errors import TrainingFailed
from cleo_model.recipe import Recipe

ERRORS = "errors.log"


def main(argv: list[str] | None = None) -> int:
    from cleo_model.training.launch import arguments
    from cleo_model.training.report import reporter

    given = arguments(argv)
    rank = int(os.environ["RANK"])
    # DeepSpeed and torch say much that is of no use here; errors still come through.
    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"torch|deepspeed|transformers")
    with reporter(rank) as report:
        try:
            recipe = Recipe.from_json(given.recipe.read_text())
            _train(recipe, given, report)
            if rank == 0:
                (given.out / ERRORS).unlink(missing_ok=True)
            return 0
        except CleoError as error:
            fault = error
        except (MemoryError, OSError) as error:
            fault = EnvironmentFault(
                f"Training stopped: {error}.",
                hint="Free memory or disk; the same command goes on from the last checkpoint.",
            )
        except Exception as error:  # whatever libraries raise: the user gets one line, the file has the rest
            with (given.out / ERRORS).open("a") as file:
                file.write(f"rank {rank}\n{traceback.format_exc()}\n")
            first = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
            fault = TrainingFailed(
                f"{type(error).__name__}: {first}",
                hint=f"Details are in {given.out / ERRORS}; the same command goes on from the last checkpoint.",
            )
        where = f" (rank {rank})" if rank else ""
        print(f"Error [{fault.code}]{where}: {fault}", file=sys.stderr, flush=True)
        return fault.exit_code


def _train(recipe: Recipe, given: argparse.Namespace, report: Reporter) -> None:
    report("starting the trainer", 0, 1)
    if not (given.model_in / "config.json").is_file():
        raise UnusableModel(f"{given.model_in} holds no model.", hint="Give the folder that holds config.json.")
    if recipe.engine.zero_stage:
        import deepspeed
        import torch

        deepspeed.init_distributed(dist_backend="nccl" if torch.cuda.is_available() else "gloo", verbose=False)
    from cleo_model.training.result import write_result
    from cleo_model.training.trainer import Job, Trainer

    trainer = Trainer(Job(recipe, given.phase, given.model_in, given.state_in, given.curriculum, given.out), report)
    report("starting the trainer", 1, 1)
    trainer.run()
    write_result(trainer)
    if recipe.engine.zero_stage:
        import torch

        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main())
