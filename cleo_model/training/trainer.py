"""One rank of one phase: from a model folder and a state to the next ones."""

from __future__ import annotations

import math
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cleo_core.compute import compute_dtype
from cleo_core.errors import IntegrityError, UnusableModel
from cleo_core.progress import Reporter
from cleo_model.errors import TrainingFailed
from cleo_model.mixtures import LAYOUTS
from cleo_model.moe.dynamic import DynamicRouting, over_capacity
from cleo_model.moe.frozen_experts import share_equal_experts
from cleo_model.moe.heldout_trace import HeldoutTrace
from cleo_model.moe.load_balance import RouterWatch
from cleo_model.recipe import Recipe
from cleo_model.training.average import Average, put
from cleo_model.training.checkpoint import Cursor, commit, read_cursor
from cleo_model.training.data import Phase, heldout_domains
from cleo_model.training.engine import Engine, make_engine
from cleo_model.training.loss import heldout_loss, summed_loss
from cleo_model.training.phase import RouterFigures, StepFigures
from cleo_model.training.step import rows_of

# Weight of the newest step in the running mean of the expert load.
LOAD_MEMORY = 0.2


@dataclass(frozen=True, slots=True)
class Job:
    """What a trainer is asked to do; every path is a folder."""

    recipe: Recipe
    phase: str
    model_in: Path
    state_in: Path | None
    curriculum: Path
    out: Path

    @property
    def state(self) -> Path:
        return self.out / "state"


def load_model(folder: Path, device: torch.device) -> Any:
    """The model in the dtype that training computes in, with the expert kernel that is right on CPU and GPU.

    Raises:
        UnusableModel: transformers cannot read it.
    """
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    # A dense model refuses to be told how to run its experts.
    mixture = AutoConfig.from_pretrained(folder, trust_remote_code=False).model_type in LAYOUTS
    quiet: Any = logging
    quiet.disable_progress_bar()
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=compute_dtype(device.type),
            attn_implementation="sdpa",
            **({"experts_implementation": "grouped_mm"} if mixture else {}),
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise UnusableModel(f"{folder} cannot be loaded: {str(error).splitlines()[0][:200]}") from None
    return model.to(device).train()


class Trainer:
    """Runs a phase to its end, from the start or from the last checkpoint."""

    def __init__(self, job: Job, report: Reporter) -> None:
        self.job = job
        self.recipe = job.recipe
        self.phase = job.recipe.curriculum.phase(job.phase)
        self.report = report
        self.rank = int(os.environ.get("RANK", "0"))
        self.ranks = int(os.environ.get("WORLD_SIZE", "1"))
        self.device = _device()
        self.steps = self.recipe.curriculum.steps(job.phase)
        self.rows_per_step = self.recipe.curriculum.tokens_per_step // self.phase.sequence_length
        wanted, length = self.recipe.engine.micro_batch_tokens, self.phase.sequence_length
        self.rows, self.micro_batches = rows_of(self.recipe, length, self.ranks, wanted)
        self.data = Phase(job.curriculum, job.phase)
        if len(self.data) < self.steps * self.rows_per_step:
            raise UnusableModel(
                f"The curriculum has {len(self.data)} rows of phase {job.phase}: too few for its steps."
            )
        self.heldout = heldout_domains(job.curriculum)
        self.model = load_model(job.model_in, self.device)
        if self.recipe.engine.trainable_layers is not None:
            _freeze(self.model, self.recipe.engine.trainable_layers)
            share_equal_experts(self.model)
        # Before the watch, which sees what is chosen in the end.
        total_steps = self.recipe.curriculum.total_steps
        self.routing = DynamicRouting(self.model, self.recipe.moe, total_steps, self.rank)
        self.watch = RouterWatch(self.model)
        self.trace = HeldoutTrace(self.model, self._tokenizer)
        if self.phase.top_k and self.watch.routers:
            self.watch.set_top_k(self.phase.top_k)
            self.model.config.num_experts_per_tok = self.phase.top_k
        self.engine: Engine = make_engine(self.model, self.recipe, self.rows, self.micro_batches, self.device)
        self.average = Average(self.recipe, job.phase, job.out / "average")
        self.cursor = self._start()
        self.routing.restore(self.cursor.routing)
        self._saved = time.monotonic()
        self._began = time.monotonic() - self.cursor.seconds

    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.job.model_in)

    @property
    def frozen_layers(self) -> int:
        """How many layers, from the first, keep the weights of the base model."""
        layers, trained = len(self.model.model.layers), self.recipe.engine.trainable_layers
        return 0 if trained is None else max(0, layers - trained)

    def _start(self) -> Cursor:
        """Go on from our own last checkpoint, or from the state that an earlier phase left, or from nothing."""
        own = read_cursor(self.job.state)
        if own is not None:
            self._check(own, self.job.phase)
            self.engine.load(self.job.state, own.tag)
            self.report(f"resuming {own.phase} after step {own.step}")
            return own
        if self.job.state_in is None:
            return Cursor(phase=self.job.phase, ranks=self.ranks)
        before = read_cursor(self.job.state_in)
        if before is None:
            raise IntegrityError(f"{self.job.state_in} holds no whole checkpoint.", hint="Run the phase before again.")
        self._check(before, before.phase)
        self.engine.load(self.job.state_in, before.tag)
        return Cursor(
            phase=self.job.phase,
            ranks=self.ranks,
            loss_at_start=before.loss_at_start,
            loss_before=before.loss_after,
            routing=before.routing,
        )

    def _check(self, cursor: Cursor, phase: str) -> None:
        if cursor.phase != phase:
            raise IntegrityError(
                f"The checkpoint in {self.job.state} is of phase {cursor.phase}, not {phase}.",
                hint="Use another folder.",
            )
        if cursor.ranks != self.ranks:
            raise IntegrityError(
                f"The checkpoint was written by {cursor.ranks} ranks; now there are {self.ranks}.",
                hint="Go on with as many ranks as before.",
            )

    def run(self) -> Cursor:
        """Train to the end of the phase; afterwards the cursor holds the losses before and after.

        Raises:
            TrainingFailed: the loss is not a number.
        """
        cursor = self.cursor
        if not cursor.loss_before:
            cursor.loss_before = self.losses("held-out loss before")
        cursor.loss_at_start = cursor.loss_at_start or cursor.loss_before
        while cursor.step < self.steps:
            self._step()
            last = cursor.step == self.steps
            if cursor.step in self.average.moments:
                self._snapshot()
            if not last and self._due():
                self.save()
        if self.average.moments:
            put(self.average.mean(), self.engine.module)
        # Also where a run goes on after its last loss: the routing is in no checkpoint.
        after = self.losses("held-out loss after", traced=True)
        if not cursor.loss_after:
            cursor.loss_after = after
            cursor.seconds = time.monotonic() - self._began
            final = self.phase.name == self.recipe.curriculum.phases[-1].name
            if not final or self.recipe.checkpoints.keep_final_state:
                self.save(compact=self.recipe.checkpoints.compact_state)
        return cursor

    def _snapshot(self) -> None:
        trained = {name for name, weight in self.engine.module.named_parameters() if weight.requires_grad}
        weights = {name: tensor for name, tensor in self.engine.tensors().items() if name in trained}
        if self.rank == 0:
            self.average.keep(self.cursor.step, weights)
        if self.ranks > 1:
            torch.distributed.barrier()

    def _due(self) -> bool:
        every = self.recipe.checkpoints.steps
        due = bool(every) and self.cursor.step % (every or 1) == 0
        due = due or time.monotonic() - self._saved > self.recipe.checkpoints.seconds
        if self.ranks > 1:
            # Clocks differ between ranks, and saving is a collective act: rank 0 decides.
            decision = torch.tensor([float(due)], device=self.device)
            torch.distributed.broadcast(decision, 0)
            due = bool(decision.item())
        return due

    def _step(self) -> None:
        cursor = self.cursor
        started = time.monotonic()
        first = cursor.step * self.rows_per_step
        cut = self.phase.cut if cursor.step < round(self.phase.warmup * self.steps) else None
        targets = max(1, self.data.target_count(first, first + self.rows_per_step, cut))
        mine = first + self.rank * (self.rows_per_step // self.ranks)
        self.watch.reset()
        sums = torch.zeros(3, device=self.device)
        moe = self.recipe.moe
        curriculum = self.recipe.curriculum
        done = curriculum.first_step(self.phase.name) + cursor.step
        for micro in range(self.micro_batches):
            batch = self.data.rows(mine + micro * self.rows, mine + (micro + 1) * self.rows, self.device, cut)
            self.watch.on = True
            self.routing.begin(done, micro)
            with self._autocast():
                loss = summed_loss(self.engine.module, batch)
            self.watch.on = False
            memory = moe.routing.balance_memory if moe else 0.0
            router = self.watch.losses(batch.real.flatten(), len(batch.tokens), cursor.load, memory)
            # DeepSpeed averages gradients over the ranks; the loss is the mean over the targets of all of them.
            total = loss * self.ranks / targets
            if moe is not None and self.watch.routers:
                weighed = moe.load_balance * router.balance + moe.z_loss * router.z
                if moe.routing.entropy:
                    weighed = weighed + moe.routing.entropy * router.entropy
                if moe.routing.specialise:
                    weighed = weighed - moe.routing.specialise * router.information
                total = total + weighed / self.micro_batches
            sums += torch.stack([loss.detach(), router.balance.detach(), router.z.detach()])
            self.engine.backward(total)
        rate = self.recipe.optimizer.rate(done, curriculum.total_steps)
        norm = self.engine.step(rate)
        if self.ranks > 1:
            torch.distributed.all_reduce(sums)
        mean = float(sums[0]) / targets
        if not (math.isfinite(mean) and math.isfinite(norm)):
            raise TrainingFailed(
                f"The loss of phase {self.phase.name} at step {cursor.step} is {mean}, its gradient {norm}.",
                hint="Lower the learning rate; the last checkpoint is still good.",
            )
        self._remember(mean, rate, norm, float(sums[1]), float(sums[2]), time.monotonic() - started)

    def _remember(self, loss: float, rate: float, norm: float, balance: float, z: float, seconds: float) -> None:
        cursor = self.cursor
        cursor.step += 1
        shared = self.micro_batches * self.ranks
        figures = StepFigures(step=cursor.step, loss=loss, rate=rate, norm=norm, seconds=seconds)
        if self.watch.routers:
            load = self.watch.load()
            capacity = self.recipe.moe.routing.capacity if self.recipe.moe else 1.0
            figures.router = RouterFigures(
                balance=balance / shared,
                z=z / shared,
                entropy=self.watch.mean_entropy(),
                largest=max(map(max, load)),
                experts_per_token=self.watch.experts_per_token(),
                over_capacity=over_capacity(load, capacity),
            )
            self.routing.learn(load, figures.router.experts_per_token)
            cursor.routing = self.routing.state
            old = cursor.load or load
            cursor.load = [
                [(1 - LOAD_MEMORY) * was + LOAD_MEMORY * now for was, now in zip(a, b, strict=True)]
                for a, b in zip(old, load, strict=True)
            ]
        cursor.history.append(figures)
        speed = self.recipe.curriculum.tokens_per_step / seconds
        self.report(f"training {self.phase.name}", cursor.step, self.steps, loss=loss, tokens_per_second=round(speed))

    def save(self, compact: bool = False) -> None:
        """Write a checkpoint; every rank takes part."""
        self.cursor.seconds = time.monotonic() - self._began
        tag = f"{self.phase.name}-{self.cursor.step:06d}" + ("-end" if self.cursor.loss_after else "")
        cursor = self.cursor.model_copy(update={"tag": tag})
        self.report(f"checkpoint {tag}")
        self.engine.save(self.job.state, tag, compact)
        if self.ranks > 1:
            torch.distributed.barrier()
        if self.rank == 0:
            commit(self.job.state, cursor)
        self.cursor.tag = tag
        self._saved = time.monotonic()

    def _autocast(self) -> torch.autocast:
        # DeepSpeed casts the model itself.
        mixed = self.recipe.engine.zero_stage == 0 and compute_dtype(self.device.type) == torch.bfloat16
        return torch.autocast(self.device.type, torch.bfloat16, enabled=mixed)

    def losses(self, what: str, *, traced: bool = False) -> dict[str, float]:
        """Held-out loss by domain, in nats per target; `traced` takes the routing along."""
        found = {}
        self.engine.module.eval()
        for number, (domain, part) in enumerate(self.heldout.items(), 1):
            rows = max(1, self.recipe.engine.micro_batch_tokens // self.recipe.curriculum.heldout_length)
            module, share = self.engine.module, (self.rank, self.ranks)
            with self._autocast(), self.trace.hearing(domain) if traced else nullcontext() as seen:
                found[domain], _ = heldout_loss(module, part, self.device, rows, *share, seen=seen)
            self.report(what, number, len(self.heldout), **{domain: found[domain]})
        self.engine.module.train()
        return found


def _freeze(model: Any, layers: int) -> None:
    """Leave only the last `layers` layers and the final norm to be trained."""
    model.requires_grad_(False)
    for part in (*model.model.layers[max(0, len(model.model.layers) - layers) :], model.model.norm):
        part.requires_grad_(True)


def _device() -> torch.device:
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
        return device
    return torch.device("cpu")
