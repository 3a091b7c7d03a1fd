"""Stages as declarations: a name, what goes in, what it is set to, the function that does it, the checks of its result.

A pipeline is a list of `Stage`s. Whoever runs one (Dagster, a command) hands in the results of its inputs and the
choices of the run; what has the same inputs, settings and code is not done again:

    choices ──settings()──> settings ─┐
    results of the inputs ────────────┼─> fingerprint ──> run_stage ──build()──> folder, digest, summary ──> checks
    code behind build() ──────────────┘

`build` gets its inputs, its settings and nothing else: a value that it could not see cannot change its result unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from cleo_core.progress import Reporter
from cleo_core.stage.code import code_version
from cleo_core.stage.execution import StageResult, run_stage

Results = Mapping[str, StageResult]
Launch = Callable[[Sequence[str]], None]
"""Runs a command to its end in a process group that does not outlive this process; raises when it fails."""


class StageSettings(BaseModel):
    """Everything that a stage's result depends on beside its inputs and its code.

    A field that changes the cost but not the result (how many workers) is declared with ``exclude=True``: the stage is
    handed it, and its fingerprint is not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Summary(BaseModel):
    """What a stage says about its result: small, typed, kept in the stage's record and shown to people."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    version: int = 1
    """Raised when a field changes its meaning."""
    notes: list[str] = []
    """Sentences that a person should be told aloud."""
    markdown: dict[str, str] = {}
    """Tables and texts to show, by title."""
    plots: list[str] = []
    """Pictures to show: files of the result."""

    @classmethod
    def of(cls, result: StageResult) -> Self:
        """The summary of a finished stage."""
        return cls.model_validate(result.summary)


S = TypeVar("S", bound=BaseModel)
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Work(Generic[S]):
    """What a build is handed."""

    inputs: Results
    settings: S
    out: Path
    report: Reporter
    launch: Launch

    def __getitem__(self, name: str) -> Path:
        """The folder of an input."""
        return self.inputs[name].path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a check; `reason` is a sentence, and says why where it did not pass."""

    passed: bool
    reason: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    warns: bool = False
    """Not passed, and yet nothing has to stop for it, as where a check had nothing to check: it is shown, not green."""


@dataclass(frozen=True, slots=True)
class Check:
    """A promise about a result; one that does not hold stops what comes after it, unless its outcome `warns`."""

    name: str
    description: str
    judge: Callable[[StageResult, Results], Outcome]
    """Gets the result and the inputs it was made from."""


@dataclass(frozen=True, kw_only=True)
class Stage(Generic[C, S]):
    """One stage of a pipeline; C is the type of a run's choices, S that of the stage's settings."""

    name: str
    group: str
    description: str
    kinds: tuple[str, ...] = ("python",)
    """What it is made with: the labels that the UI shows."""
    inputs: tuple[str, ...] = ()
    """Names of the stages whose results it reads."""
    after: tuple[str, ...] = ()
    """Stages whose checks must have passed before it is worth its time, and of whose results it reads nothing."""
    settings: Callable[[C, Results], S]
    """The part of the choices that this stage depends on."""
    build: Callable[[Work[S]], Summary]
    checks: tuple[Check, ...] = ()
    checks_of: str | None = None
    """The stage that these checks speak about, where the stage exists only to make them."""
    resumable: bool = False
    """An interrupted build's folder is handed to the next one."""

    @cached_property
    def code(self) -> str:
        """Version of the code behind `build`."""
        return code_version(self.build)

    def fingerprint(self, settings: S, inputs: Results) -> dict[str, Any]:
        """Everything that the result depends on, as JSON values."""
        return {
            "inputs": {name: result.digest for name, result in inputs.items()},
            "settings": settings.model_dump(mode="json"),
            "code": self.code,
        }

    def run(
        self, choices: C, inputs: Results, report: Reporter, launch: Launch, *, root: Path | None = None
    ) -> StageResult:
        """The stage's result for these choices, built when it is not there yet; `root` as in `run_stage`."""
        inputs = {name: inputs[name] for name in self.inputs}
        return self.make(self.settings(choices, inputs), inputs, report, launch, root=root)

    def make(
        self, settings: S, inputs: Results, report: Reporter, launch: Launch, *, root: Path | None = None
    ) -> StageResult:
        """The stage's result for these settings."""

        def build(out: Path) -> dict[str, Any]:
            return self.build(Work(inputs, settings, out, report, launch)).model_dump(mode="json")

        prints = self.fingerprint(settings, inputs)
        result = run_stage(self.name, prints, build, resumable=self.resumable, root=root)
        for note in result.summary.get("notes", []) if result.reused else ():
            report(note)
        return result
