"""What updates the weights: DeepSpeed ZeRO over any number of ranks, or a plain loop in one process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from cleo_core.compute import compute_dtype
from cleo_model.errors import TrainingFailed
from cleo_model.recipe import Recipe
from cleo_model.training.step import BUCKET

ADAMW = {"lr", "betas", "eps", "weight_decay"}


class Engine(Protocol):
    """The trainer's whole view of an optimizer."""

    module: Any
    device: torch.device

    def backward(self, loss: Tensor) -> None: ...

    def step(self, rate: float) -> float:
        """Update the weights; returns the norm of the gradient before clipping."""
        ...

    def save(self, folder: Path, tag: str, compact: bool) -> None: ...

    def load(self, folder: Path, tag: str) -> None: ...

    def tensors(self) -> Mapping[str, Tensor]:
        """All weights in bfloat16, on rank 0; a collective act."""
        ...


def _optimizer(recipe: Recipe, parameters: Any, device: torch.device) -> torch.optim.Optimizer:
    options = recipe.optimizer.model_dump(include=ADAMW)
    if device.type == "cpu" or recipe.engine.offload:
        from deepspeed.ops.adam import DeepSpeedCPUAdam

        found: torch.optim.Optimizer = DeepSpeedCPUAdam(parameters, adamw_mode=True, **options)
        return found
    return torch.optim.AdamW(parameters, fused=True, **options)


class DeepSpeedEngine:
    """ZeRO with fp32 master weights, partitioned over the ranks.

    Computes in the dtype of the model it is given; a phase ends with weights rounded to bfloat16 either way.
    """

    def __init__(self, model: Any, recipe: Recipe, rows: int, accumulation: int, device: torch.device) -> None:
        import deepspeed

        self.stage = recipe.engine.zero_stage
        zero: dict[str, Any] = {
            "stage": recipe.engine.zero_stage,
            "overlap_comm": device.type == "cuda",
            "reduce_bucket_size": BUCKET,
            "allgather_bucket_size": BUCKET,
        }
        if recipe.engine.offload:
            zero["offload_optimizer"] = {"device": "cpu", "pin_memory": True}
        config = {
            "train_micro_batch_size_per_gpu": rows,
            "gradient_accumulation_steps": accumulation,
            "gradient_clipping": recipe.optimizer.clip,
            "bf16": {"enabled": compute_dtype(device.type) == torch.bfloat16},
            "zero_optimization": zero,
            "zero_allow_untested_optimizer": True,
            "steps_per_print": 10**9,
            "wall_clock_breakdown": False,
        }
        trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
        engine, *_ = deepspeed.initialize(
            model=model,
            model_parameters=trainable,
            optimizer=_optimizer(recipe, trainable, device),
            config=config,
            dist_init_required=False,
        )
        self.engine: Any = engine
        self.module = engine.module
        self.device = device

    def backward(self, loss: Tensor) -> None:
        if self.stage == 3:
            # DeepSpeed does this in its own forward, which the trainer does not call: without it the gradient of each
            # micro batch takes the place of the one before.
            self.engine.optimizer.clear_backward_seen_flag()
        # The trainer divides by the targets of the whole step itself.
        self.engine.backward(loss, scale_wrt_gas=False)
        if not self.engine.is_gradient_accumulation_boundary():
            self.engine.step()

    def step(self, rate: float) -> float:
        for group in self.engine.optimizer.param_groups:
            group["lr"] = rate
        self.engine.step()
        norm = self.engine.get_global_grad_norm()
        return float(norm) if norm is not None else 0.0

    def save(self, folder: Path, tag: str, compact: bool) -> None:
        inner = getattr(self.engine.optimizer, "optimizer", None)
        if compact and inner is not None:
            for state in inner.state.values():
                for name in ("exp_avg", "exp_avg_sq"):
                    if name in state:
                        state[name] = state[name].to(torch.bfloat16)
        # Frozen weights are in the model folder that the phase began with.
        self.engine.save_checkpoint(str(folder), tag=tag, save_latest=False, exclude_frozen_parameters=True)

    def load(self, folder: Path, tag: str) -> None:
        path, _ = self.engine.load_checkpoint(
            str(folder), tag=tag, load_module_strict=False, load_lr_scheduler_states=False
        )
        if path is None:
            raise TrainingFailed(
                f"Checkpoint {tag} in {folder} cannot be read.", hint="Remove it, and start the phase again."
            )

    def tensors(self) -> Mapping[str, Tensor]:
        if self.stage == 3:
            found: Mapping[str, Tensor] = self.engine._zero3_consolidated_16bit_state_dict() or {}
            return _rounded(found)
        return _rounded(self.module.state_dict())


class PlainEngine:
    """Without DeepSpeed: fp32 weights, bfloat16 autocast where it is fast, torch's AdamW, one process."""

    def __init__(self, model: Any, recipe: Recipe, device: torch.device) -> None:
        self.module = model.float()
        self.device = device
        self.clip = recipe.optimizer.clip
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, **recipe.optimizer.model_dump(include=ADAMW))

    def backward(self, loss: Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped

    def step(self, rate: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return float(norm)

    def save(self, folder: Path, tag: str, compact: bool) -> None:
        from safetensors.torch import save_file

        place = folder / tag
        place.mkdir(parents=True, exist_ok=True)
        state = {f"model.{name}": p.detach() for name, p in self.module.named_parameters()}
        names = {id(p): name for name, p in self.module.named_parameters()}
        for parameter, moments in self.optimizer.state.items():
            for kind, value in moments.items():
                state[f"{kind}.{names[id(parameter)]}"] = value
        save_file(state, place / "state.safetensors")

    def load(self, folder: Path, tag: str) -> None:
        from safetensors.torch import load_file

        state = load_file(folder / tag / "state.safetensors")
        with torch.no_grad():
            for name, parameter in self.module.named_parameters():
                parameter.copy_(state[f"model.{name}"])
                if f"step.{name}" in state:
                    self.optimizer.state[parameter] = {
                        kind: state[f"{kind}.{name}"].to("cpu" if kind == "step" else self.device)
                        for kind in ("step", "exp_avg", "exp_avg_sq")
                    }

    def tensors(self) -> Mapping[str, Tensor]:
        return _rounded(self.module.state_dict())


def _rounded(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    return {name: value.to(torch.bfloat16) for name, value in state.items()}


def make_engine(model: Any, recipe: Recipe, rows: int, accumulation: int, device: torch.device) -> Engine:
    """The engine that the recipe's ZeRO stage asks for; stage 0 is the plain loop."""
    if recipe.engine.zero_stage == 0:
        return PlainEngine(model, recipe, device)
    return DeepSpeedEngine(model, recipe, rows, accumulation, device)
