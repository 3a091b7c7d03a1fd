"""What the assets are given: the choices of a run, and where stages pass their results by path."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from cleo_core.files import write_json
from cleo_core.settings import home
from cleo_core.stage.execution import StageResult

if TYPE_CHECKING:
    from cleo_model.choices import Choices


class Chain(dg.ConfigurableResource["Chain"]):
    """What a run works on. Change it in the launchpad, or by CLEO_MODEL_… variables."""

    recipe: str = Field(default="", description="Name or file of a training recipe; empty: CLEO_MODEL_RECIPE.")
    base_model: str = Field(
        default="", description="smollm2, tiny, a local folder or a Hugging Face id; empty: what the recipe says."
    )
    sources: str = Field(
        default="", description="File that lists the sources; empty: CLEO_MODEL_SOURCES or the defaults."
    )

    def choices(self) -> "Choices":
        """What every stage takes its settings from."""
        from cleo_core.settings import load
        from cleo_model.choices import Choices
        from cleo_model.recipes import get
        from cleo_model.settings import ModelSettings

        return Choices.of(
            load(ModelSettings),
            recipe=get(self.recipe) if self.recipe else None,
            base_model=self.base_model or None,
            sources=Path(self.sources) if self.sources else None,
        )


class StageIOManager(dg.IOManager):
    """Hands a stage's result on as a path and a digest; the gigabytes stay where they are.

    A reference is kept per run, so that two runs at once do not see each other's, and as the latest one, for a run
    that materialises only a part of the graph.
    """

    def _places(self, run_id: str, key: dg.AssetKey) -> tuple[Path, Path]:
        name = f"{'__'.join(key.path)}.json"
        return home("dagster", "refs", run_id) / name, home("dagster", "refs", "latest") / name

    def handle_output(self, context: dg.OutputContext, obj: StageResult | None) -> None:
        if obj is None:
            return
        for place in self._places(context.run_id, context.asset_key):
            write_json(place, {**asdict(obj), "path": str(obj.path)})

    def load_input(self, context: dg.InputContext) -> StageResult:
        run_id = context.step_context.run_id
        own, latest = self._places(run_id, context.asset_key)
        place = own if own.is_file() else latest
        if not place.is_file():
            raise dg.Failure(f"{context.asset_key.to_user_string()} has not been made yet: materialise it first.")
        record: dict[str, Any] = json.loads(place.read_text())
        return StageResult(**{**record, "path": Path(record["path"])})
