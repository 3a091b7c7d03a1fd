"""Recipes: everything that decides what a training run does, in one value that is saved beside its result.

A recipe is nested, one part for each component, and immutable; `recipe.replace(...)` returns a changed one, checked
again. The named ones are in `cleo_model.recipes`; `to_json` writes one to a file, `from_json` reads it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError, model_validator

from cleo_model.domain import is_domain
from cleo_model.errors import RecipeError

MIN_REPLAY = 0.30
MIN_ROW = 2


def _plain_name(name: str) -> str:
    if not is_domain(name):
        raise RecipeError(
            f"{name!r} cannot be a name here.", hint="Use a letter, then letters, digits and _; 40 at most."
        )
    return name


Name = Annotated[str, AfterValidator(_plain_name)]


class Config(BaseModel):
    """A part of a recipe: immutable, without unknown fields, checked at each change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def replace(self, **changes: Any) -> Self:
        """This part with some fields changed.

        Raises:
            RecipeError: the new values contradict each other.
        """
        return _checked(type(self), {**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


class RoutingRecipe(Config):
    """How tokens find their experts while training; what is exported takes the top k, as stock runtimes do."""

    choice: Literal["top_k", "top_p"] = "top_k"
    """top_p: as many experts as a token's router needs to be sure (Huang et al. 2024, arXiv:2403.07652)."""
    expected_k: float | None = Field(default=None, ge=1)
    """Experts that a token asks under top_p, the mean that the threshold is steered to; None: the phase's top-k."""
    max_k: int | None = Field(default=None, ge=1)
    """Experts that a token asks under top_p at most; None: twice the top-k."""
    entropy: float = Field(default=0.0, ge=0)
    """Weight of the routers' entropy in the loss: a sure router needs fewer experts."""
    specialise: float = Field(default=0.0, ge=0)
    """Weight of the mutual information of row and expert, which makes experts keep to kinds of text (as of task and
    expert in Chen et al. 2022, arXiv:2212.08066)."""
    balance_memory: float = Field(default=0.0, ge=0, lt=1)
    """Part that earlier steps have in the load that is balanced: few rows need not be even by themselves then."""
    settle: float = Field(default=0.3, ge=0, le=1)
    """Share of all steps, at the end, that route as the exported model will: without top_p, jitter and revival."""
    balance: Literal["loss", "bias"] = "loss"
    """bias: DeepSeek-V3's, moved after every step (Wang et al. 2024, arXiv:2408.15664), where the model carries one."""
    bias_rate: float = Field(default=1e-3, gt=0)
    """By how much the bias of an expert moves in a step."""
    jitter: float = Field(default=0.0, ge=0, lt=1)
    """What the router sees is multiplied by noise of 1 - jitter to 1 + jitter (Fedus et al. 2021, arXiv:2101.03961)."""
    capacity: float = Field(default=1.25, ge=1)
    """Times its fair share of tokens: what experts get above it is reported. Nothing is dropped."""
    revive_after: int | None = Field(default=None, ge=1)
    """Steps without tokens after which an expert is offered some; None leaves that to the balance."""


class MoERecipe(Config):
    """How a dense model becomes a mixture of experts, and what keeps its router healthy."""

    num_experts: int = 4
    """Experts per layer."""
    top_k: int = 2
    """Experts that each token goes to."""
    layout: Literal["auto", "mixtral", "qwen2_moe", "qwen3_moe"] = "auto"
    """The stock architecture of the mixture; auto: the first that expresses the dense model (moe/layout.py)."""
    every: int = Field(default=1, ge=1)
    """Every so many layers one is a mixture, and the others stay dense (not as Mixtral)."""
    dense_layers: tuple[NonNegativeInt, ...] = ()
    """Layers that stay dense in any case, from 0 (not as Mixtral)."""
    granularity: int = Field(default=1, ge=1)
    """Experts of a virtual group: each holds this part of the MLP's width. A power of two; `num_experts` and `top_k`
    count these narrow experts and are multiples of it."""
    shared: float | None = Field(default=None, ge=0, lt=1)
    """Share of the MLP's width in an expert that every token visits (as Qwen2-MoE); None: what the layout needs."""
    router: Literal["random", "clusters"] = "random"
    """Where the routers begin: at random, or at clusters of each layer's hidden states."""
    router_std: float = Field(default=0.02, ge=0)
    """Standard deviation of the random router weights."""
    seed: int = 0
    """Seed of the router weights."""
    load_balance: float = Field(default=0.01, ge=0)
    """Weight of the load-balance loss, taken per layer (Fedus et al. 2021, arXiv:2101.03961)."""
    z_loss: float = Field(default=0.001, ge=0)
    """Weight of the router z-loss (Zoph et al. 2022, arXiv:2202.08906)."""
    routing: RoutingRecipe = Field(default_factory=RoutingRecipe)
    """How tokens find their experts while training."""

    @model_validator(mode="after")
    def _is_a_mixture(self) -> Self:
        if self.num_experts < 2 or not 1 <= self.top_k <= self.num_experts:
            raise RecipeError(
                f"{self.num_experts} experts with top-{self.top_k} is not a mixture.",
                hint="Give at least 2 experts, and a top-k between 1 and their number.",
            )
        slices = self.granularity
        if slices & (slices - 1) or self.num_experts % slices or self.top_k % slices:
            raise RecipeError(
                f"A granularity of {slices} does not go with {self.num_experts} experts and top-{self.top_k}: "
                "it must be a power of two that divides both, or the mixture is another function.",
                hint=f"Multiply: num_experts={self.num_experts * slices}, top_k={self.top_k * slices} compute as much."
                if not slices & (slices - 1)
                else "Give 1, 2, 4 or 8.",
            )
        return self

    @property
    def all_layers(self) -> bool:
        """No layer stays dense."""
        return self.every == 1 and not self.dense_layers


class PhaseRecipe(Config):
    """One phase of the curriculum."""

    name: Name
    """Name of the phase: its files and its asset are called so."""
    tokens: int = Field(ge=1)
    """Tokens that the phase trains on, padding included; a whole number of steps is made of it."""
    sequence_length: int = Field(ge=1)
    """Tokens in a row."""
    mixture: Mapping[Name, float]
    """Share of the tokens by domain, as the sources name them; the shares sum to 1."""
    focus: Name
    """The domain that this phase is about; every other domain in it is replay."""
    top_k: int | None = Field(default=None, ge=1)
    """Experts per token in this phase; None keeps what the model has."""
    warmup: float = Field(default=0.0, ge=0, le=1)
    """Share of the phase's steps, at its begin, whose rows are cut into shorter ones of `warmup_length` tokens."""
    warmup_length: int | None = Field(default=None, ge=2)
    """Tokens in a row during the warm-up; None: a quarter of a row."""

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        if not self.mixture or abs(sum(self.mixture.values()) - 1) > 1e-6 or min(self.mixture.values()) < 0:
            raise RecipeError(f"The mixture of phase {self.name} is {dict(self.mixture)}: shares must sum to 1.")
        return self

    @model_validator(mode="after")
    def _warm_up_cuts_rows_evenly(self) -> Self:
        if self.warmup and (self.sequence_length % self.cut or self.cut < MIN_ROW):
            raise RecipeError(
                f"Phase {self.name}: rows of {self.sequence_length} tokens cannot be cut into ones of {self.cut}.",
                hint=f"Give a warmup_length that divides the sequence_length and is at least {MIN_ROW}.",
            )
        return self

    @property
    def cut(self) -> int:
        """Tokens in a row during the warm-up."""
        return self.warmup_length or self.sequence_length // 4

    @property
    def replay(self) -> float:
        """Share of the tokens that is not of the phase's own focus."""
        return 1 - self.mixture.get(self.focus, 0.0)


class SourceRecipe(Config):
    """How much of a domain's text one source gives."""

    share: float | None = Field(default=None, gt=0, le=1)
    """Of the text of its domain, as far as it reaches; None: what the others leave, by size."""
    max_epochs: float | None = Field(default=None, gt=0)
    """How often its records are shown at most, over all phases; then the others of its domain take its place."""


class CurriculumRecipe(Config):
    """Which text is trained on, in which order and in rows of which length."""

    phases: tuple[PhaseRecipe, ...] = Field(min_length=1)
    """The phases, in order."""
    tokens_per_step: int = Field(ge=1)
    """Tokens between two updates, over all ranks: the same in every phase."""
    heldout_tokens: int = Field(default=16_384, ge=1)
    """Held-out tokens per domain that the loss is measured on, before and after each phase."""
    heldout_length: int = Field(default=256, ge=2)
    """Tokens in a row of the held-out part."""
    max_epochs: float = Field(default=4.0, gt=0)
    """How often a phase may show a record at most; less text than that is an error."""
    sources: Mapping[str, SourceRecipe] = {}
    """Shares and limits of single sources; the others are drawn as they come."""
    pacing: float = Field(default=0.0, ge=-1, le=1)
    """How strictly a phase goes from what the base model finds easy to what it finds hard: 0 draws at random, 1 sorts,
    what lies between does some of both, and below 0 the hard comes first."""
    shuffled_order: bool = False
    """Control run: every phase gets the average mixture of all, without pacing, so only the order differs."""
    seed: int = 20
    """Seed of the order of the records."""

    @model_validator(mode="after")
    def _phases_fit(self) -> Self:
        for phase in self.phases:
            if self.tokens_per_step % phase.sequence_length or phase.tokens < self.tokens_per_step:
                raise RecipeError(
                    f"Phase {phase.name}: {self.tokens_per_step} tokens per step do not fit rows of "
                    f"{phase.sequence_length} and {phase.tokens} tokens in all."
                )
        for phase in self.phases[1:] if len(self.domains) > 1 else ():
            if phase.replay < MIN_REPLAY - 1e-9:
                raise RecipeError(
                    f"Phase {phase.name} replays {phase.replay:.0%} of earlier domains; {MIN_REPLAY:.0%} is the least.",
                    hint="Lower the share of its focus: without replay the model forgets.",
                )
        return self

    @property
    def domains(self) -> list[str]:
        """Every domain that a phase names."""
        return sorted({name for phase in self.phases for name in phase.mixture})

    def phase(self, name: str) -> PhaseRecipe:
        """The phase of this name.

        Raises:
            RecipeError: there is none.
        """
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise RecipeError(f"The recipe has no phase {name!r}, but {', '.join(p.name for p in self.phases)}.")

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

    def with_tokens(self, tokens: int) -> CurriculumRecipe:
        """So many tokens in all, divided over the phases as before; a phase has at least one step."""
        total, step = sum(phase.tokens for phase in self.phases), self.tokens_per_step
        return self.replace(
            phases=tuple(
                phase.replace(tokens=max(1, round(tokens * phase.tokens / total / step)) * step)
                for phase in self.phases
            )
        )


class OptimizerRecipe(Config):
    """AdamW and one warmup-stable-decay schedule over all phases (Hu et al. 2024, arXiv:2404.06395)."""

    lr: float = Field(default=2e-5, gt=0)
    """Learning rate of the stable part."""
    betas: tuple[float, float] = (0.9, 0.95)
    """Decay of the first and second moment."""
    eps: float = Field(default=1e-8, gt=0)
    """Added to the root of the second moment."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled weight decay."""
    clip: float = Field(default=1.0, gt=0)
    """Gradients are scaled down to this global norm."""
    warmup: float = Field(default=0.1, ge=0, le=1)
    """Share of all steps in which the rate rises linearly from 0."""
    decay: float = Field(default=0.3, ge=0, le=1)
    """Share of all steps, at the end, in which the rate falls as 1 - sqrt."""
    final: float = Field(default=0.1, ge=0, le=1)
    """What is left of the rate at the last step."""

    def rate(self, step: int, total: int) -> float:
        """The learning rate after `step` of a whole run's `total` updates; decays as 1 - sqrt (Hägele et al. 2024)."""
        warmup, decay = max(1, round(self.warmup * total)), max(1, round(self.decay * total))
        if step < warmup:
            return self.lr * (step + 1) / warmup
        if step < total - decay:
            return self.lr
        progress = (step + 1 - (total - decay)) / decay
        return self.lr * (self.final + (1 - self.final) * (1 - math.sqrt(min(1.0, progress))))


class EngineRecipe(Config):
    """How the work of a step is divided over processes and memory."""

    micro_batch_tokens: int = Field(ge=1)
    """Tokens that one rank sends through the model at once."""
    ranks: int = Field(default=1, ge=1)
    """Processes that share the optimizer state."""
    zero_stage: int = Field(default=1, ge=0, le=3)
    """DeepSpeed ZeRO stage: 1, 2 or 3; 0 trains without DeepSpeed, in one process."""
    offload: bool = False
    """Keep the optimizer state of a GPU run in the memory of the host."""
    trainable_layers: int | None = Field(default=None, ge=0)
    """Train only the last so many layers and the final norm; None trains everything. The layers below keep computing
    what the base model computes, since their experts stay equal: it halves the cost of a step, and forgets less."""


class CheckpointRecipe(Config):
    """When the state of a run is written, and what of it is kept."""

    seconds: float = Field(default=600.0, gt=0)
    """A checkpoint is written when so many seconds passed since the last one, and at the end of each phase."""
    steps: int | None = Field(default=None, ge=1)
    """A checkpoint is written every so many steps, too."""
    keep_final_state: bool = True
    """Keep optimizer state after the last phase: large, and only needed to train on."""
    average: int = Field(default=0, ge=0)
    """The result is the mean of the weights at so many moments of the schedule's decay, evenly spaced, the last one the
    end (Hägele et al. 2024, arXiv:2405.18392); 0: the weights at the end."""
    compact_state: bool = False
    """Between phases, write the two Adam moments as bfloat16: 40 % less to write and read."""


class Recipe(Config):
    """One training run."""

    name: str
    """Name of the recipe."""
    base_model: str
    """smollm2, tiny, a local folder or a Hugging Face id."""
    moe: MoERecipe | None = Field(default_factory=MoERecipe)
    """The mixture of experts; None trains the dense model."""
    curriculum: CurriculumRecipe
    """The text and its order."""
    optimizer: OptimizerRecipe = Field(default_factory=OptimizerRecipe)
    """One optimizer for all phases."""
    engine: EngineRecipe
    """Ranks, ZeRO, micro batches."""
    checkpoints: CheckpointRecipe = Field(default_factory=CheckpointRecipe)
    """When state is written."""

    @model_validator(mode="after")
    def _average_is_at_hand(self) -> Self:
        if self.checkpoints.average and self.engine.zero_stage == 3:
            raise RecipeError(
                "ZeRO stage 3 and an average of the last checkpoints do not go together: no rank holds the weights.",
                hint="Set checkpoints.average to 0, or engine.zero_stage to 2.",
            )
        return self

    @model_validator(mode="after")
    def _ranks_share_the_rows(self) -> Self:
        for phase in self.curriculum.phases:
            if (self.curriculum.tokens_per_step // phase.sequence_length) % self.engine.ranks:
                raise RecipeError(
                    f"Phase {phase.name}: its rows per step cannot be shared by {self.engine.ranks} ranks."
                )
        return self

    def to_json(self) -> str:
        return self.model_dump_json(indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `to_json` wrote.

        Raises:
            RecipeError: a field is missing, unknown or of no use; names it and its value.
        """
        return _checked(cls, text)


C = TypeVar("C", bound=Config)


def _checked(cls: type[C], value: str | dict[str, Any]) -> C:
    try:
        return cls.model_validate_json(value) if isinstance(value, str) else cls.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        given = "" if first["type"] == "missing" else f" ({str(first['input'])[:80]!r})"
        raise RecipeError(
            f"This is not a recipe: {f'field {field}{given}: ' if field else ''}{first['msg']}.",
            hint="cleo_model/recipe.py describes each field; Recipe.to_json() writes a whole one.",
        ) from None
