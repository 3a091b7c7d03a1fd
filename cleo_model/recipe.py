"""Recipes: everything that decides what a training run does, in one value that is saved beside its result.

A recipe is made by a function (`smollm2_demo`, `tiny`, `mistral_7b_8x`); change one with `dataclasses.replace`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from cleo_model.errors import RecipeError

__all__ = [
    "RECIPES",
    "MoERecipe",
    "OptimizerRecipe",
    "PhaseRecipe",
    "Recipe",
    "get",
    "mistral_7b_8x",
    "smollm2_demo",
    "tiny",
]

DOMAINS = ("prose", "domain", "conversation")
MIN_REPLAY = 0.30


@dataclass(frozen=True, kw_only=True, slots=True)
class MoERecipe:
    """How a dense model becomes a mixture of experts, and what keeps its router healthy."""

    num_experts: int = 4
    """Experts per layer."""
    top_k: int = 2
    """Experts that each token goes to."""
    router_std: float = 0.02
    """Standard deviation of the random router weights."""
    seed: int = 0
    """Seed of the router weights."""
    load_balance: float = 0.01
    """Weight of the load-balance loss, taken per layer (Fedus et al. 2021, arXiv:2101.03961)."""
    z_loss: float = 0.001
    """Weight of the router z-loss (Zoph et al. 2022, arXiv:2202.08906)."""

    def __post_init__(self) -> None:
        if self.num_experts < 2 or not 1 <= self.top_k <= self.num_experts:
            raise RecipeError(
                f"{self.num_experts} experts with top-{self.top_k} is not a mixture.",
                hint="Give at least 2 experts, and a top-k between 1 and their number.",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseRecipe:
    """One phase of the curriculum."""

    name: str
    """Name of the phase: its files and its asset are called so."""
    tokens: int
    """Tokens that the phase trains on, padding included; a whole number of steps is made of it."""
    sequence_length: int
    """Tokens in a row."""
    mixture: Mapping[str, float]
    """Share of the tokens by domain (prose, domain, conversation); the shares sum to 1."""
    focus: str
    """The domain that this phase is about; every other domain in it is replay."""
    top_k: int | None = None
    """Experts per token in this phase; None keeps what the model has."""

    def __post_init__(self) -> None:
        if abs(sum(self.mixture.values()) - 1) > 1e-6 or min(self.mixture.values()) < 0:
            raise RecipeError(f"The mixture of phase {self.name} is {dict(self.mixture)}: shares must sum to 1.")

    @property
    def replay(self) -> float:
        """Share of the tokens that is not of the phase's own focus."""
        return 1 - self.mixture.get(self.focus, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimizerRecipe:
    """AdamW and one warmup-stable-decay schedule over all phases (Hu et al. 2024, arXiv:2404.06395)."""

    lr: float = 2e-5
    """Learning rate of the stable part."""
    betas: tuple[float, float] = (0.9, 0.95)
    """Decay of the first and second moment."""
    eps: float = 1e-8
    """Added to the root of the second moment."""
    weight_decay: float = 0.0
    """Decoupled weight decay."""
    clip: float = 1.0
    """Gradients are scaled down to this global norm."""
    warmup: float = 0.1
    """Share of all steps in which the rate rises linearly from 0."""
    decay: float = 0.3
    """Share of all steps, at the end, in which the rate falls as 1 - sqrt."""
    final: float = 0.1
    """What is left of the rate at the last step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One training run."""

    name: str
    """Name of the recipe."""
    base_model: str
    """smollm2, tiny, a local folder or a Hugging Face id."""
    moe: MoERecipe | None = field(default_factory=MoERecipe)
    """The mixture of experts; None trains the dense model."""
    phases: tuple[PhaseRecipe, ...]
    """The curriculum, in order."""
    optimizer: OptimizerRecipe = field(default_factory=OptimizerRecipe)
    """One optimizer for all phases."""
    tokens_per_step: int
    """Tokens between two updates, over all ranks: the same in every phase."""
    micro_batch_tokens: int
    """Tokens that one rank sends through the model at once."""
    ranks: int = 1
    """Processes that share the optimizer state."""
    zero_stage: int = 1
    """DeepSpeed ZeRO stage: 1, 2 or 3; 0 trains without DeepSpeed, in one process."""
    offload: bool = False
    """Keep the optimizer state of a GPU run in the memory of the host."""
    heldout_tokens: int = 16_384
    """Held-out tokens per domain that the loss is measured on, before and after each phase."""
    heldout_length: int = 256
    """Tokens in a row of the held-out part."""
    trainable_layers: int | None = None
    """Train only the last so many layers and the final norm; None trains everything. The layers below keep computing
    what the base model computes, since their experts stay equal: it halves the cost of a step, and forgets less."""
    max_epochs: float = 4.0
    """How often a phase may show a record at most; less text than that is an error."""
    checkpoint_seconds: float = 600.0
    """A checkpoint is written when so many seconds passed since the last one, and at the end of each phase."""
    checkpoint_steps: int | None = None
    """A checkpoint is written every so many steps, too."""
    keep_final_state: bool = True
    """Keep optimizer state after the last phase: large, and only needed to train on."""
    compact_state: bool = False
    """Between phases, write the two Adam moments as bfloat16: 40 % less to write and read."""
    shuffled_order: bool = False
    """Control run: every phase gets the average mixture of all, so only the order of the curriculum differs."""
    seed: int = 20
    """Seed of the order of the records."""

    def __post_init__(self) -> None:
        for phase in self.phases:
            if self.tokens_per_step % phase.sequence_length or phase.tokens < self.tokens_per_step:
                raise RecipeError(
                    f"Phase {phase.name}: {self.tokens_per_step} tokens per step do not fit rows of "
                    f"{phase.sequence_length} and {phase.tokens} tokens in all."
                )
            if (self.tokens_per_step // phase.sequence_length) % self.ranks:
                raise RecipeError(f"Phase {phase.name}: its rows per step cannot be shared by {self.ranks} ranks.")
        for phase in self.phases[1:]:
            if phase.replay < MIN_REPLAY - 1e-9:
                raise RecipeError(
                    f"Phase {phase.name} replays {phase.replay:.0%} of earlier domains; {MIN_REPLAY:.0%} is the least.",
                    hint="Lower the share of its focus: without replay the model forgets.",
                )

    def phase(self, name: str) -> PhaseRecipe:
        """The phase of this name.

        Raises:
            RecipeError: there is none.
        """
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise RecipeError(f"Recipe {self.name} has no phase {name!r}, but {', '.join(p.name for p in self.phases)}.")

    def steps(self, name: str) -> int:
        """Updates in the phase of this name."""
        return self.phase(name).tokens // self.tokens_per_step

    def first_step(self, name: str) -> int:
        """Updates before the phase of this name: where it stands in the one schedule."""
        names = [phase.name for phase in self.phases]
        return sum(self.steps(before) for before in names[: names.index(self.phase(name).name)])

    @property
    def total_steps(self) -> int:
        return sum(self.steps(phase.name) for phase in self.phases)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True, default=dict)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `to_json` wrote.

        Raises:
            RecipeError: a field is missing, unknown or of no use.
        """
        try:
            data = json.loads(text)
            data["moe"] = None if data["moe"] is None else _build(MoERecipe, data["moe"])
            data["phases"] = tuple(_build(PhaseRecipe, phase) for phase in data["phases"])
            data["optimizer"]["betas"] = tuple(data["optimizer"]["betas"])
            data["optimizer"] = _build(OptimizerRecipe, data["optimizer"])
            made: Recipe = _build(cls, data)
            return made
        except (KeyError, TypeError, ValueError) as error:
            raise RecipeError(f"This is not a recipe: {error}.", hint="Write one with Recipe.to_json().") from None


def _build(cls: type[Any], data: Mapping[str, Any]) -> Any:
    known = {each.name for each in fields(cls)}
    if unknown := set(data) - known:
        raise RecipeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}.")
    return cls(**data)


def _mix(prose: float, domain: float, conversation: float) -> dict[str, float]:
    return dict(zip(DOMAINS, (prose, domain, conversation), strict=True))


def _three_phases(tokens: tuple[int, int, int], lengths: tuple[int, int, int]) -> tuple[PhaseRecipe, ...]:
    table = (
        ("foundation", "prose", _mix(0.80, 0.15, 0.05)),
        ("specialized", "domain", _mix(0.35, 0.55, 0.10)),
        ("advanced", "conversation", _mix(0.20, 0.40, 0.40)),
    )
    return tuple(
        PhaseRecipe(name=name, tokens=count, sequence_length=length, mixture=mixture, focus=focus)
        for (name, focus, mixture), count, length in zip(table, tokens, lengths, strict=True)
    )


def smollm2_demo() -> Recipe:
    """SmolLM2-135M-Instruct to 4 experts, top-2, in five minutes on two CPU cores."""
    return Recipe(
        name="smollm2_demo",
        base_model="smollm2",
        # Twelve steps: enough to lower the held-out loss of every domain, few enough for two cores.
        phases=_three_phases((3 * 2048, 4 * 2048, 5 * 2048), (256, 512, 1024)),
        optimizer=OptimizerRecipe(lr=1e-4),
        tokens_per_step=2048,
        micro_batch_tokens=1024,
        heldout_tokens=4096,
        trainable_layers=15,
        keep_final_state=False,
        compact_state=True,
    )


def tiny() -> Recipe:
    """A model of five million parameters, for tests and for a first look: seconds."""
    return Recipe(
        name="tiny",
        base_model="tiny",
        # Untrained hidden states hardly differ, so the router of this model collapses under the usual weight.
        moe=MoERecipe(load_balance=0.3),
        phases=_three_phases((16_384, 16_384, 16_384), (64, 128, 256)),
        optimizer=OptimizerRecipe(lr=4e-4),
        tokens_per_step=2048,
        micro_batch_tokens=1024,
        heldout_tokens=4096,
        heldout_length=128,
        max_epochs=1000.0,
    )


def mistral_7b_8x() -> Recipe:
    """Mistral 7B to 8 experts, top-2, for one node of eight 80 GB GPUs."""
    return Recipe(
        name="mistral_7b_8x",
        base_model="mistralai/Mistral-7B-v0.1",
        moe=MoERecipe(num_experts=8),
        phases=_three_phases((2_000_000_000, 2_000_000_000, 1_000_000_000), (1024, 2048, 4096)),
        optimizer=OptimizerRecipe(lr=1e-5, warmup=0.01, decay=0.2, weight_decay=0.1),
        tokens_per_step=2**20,
        micro_batch_tokens=8192,
        ranks=8,
        zero_stage=3,
        offload=True,
        heldout_tokens=2**20,
        heldout_length=4096,
        checkpoint_seconds=3600.0,
    )


RECIPES: dict[str, Callable[[], Recipe]] = {
    "smollm2_demo": smollm2_demo,
    "tiny": tiny,
    "mistral_7b_8x": mistral_7b_8x,
}


def get(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        RecipeError: there is none.
    """
    try:
        return RECIPES[name]()
    except KeyError:
        raise RecipeError(f"There is no recipe {name!r}.", hint=f"Known: {', '.join(RECIPES)}.") from None
