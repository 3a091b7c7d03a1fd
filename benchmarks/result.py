"""The result of a benchmark: figures of ours, the same figures of the peers, and how they compare."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from cleo_core.files import write_json

Figure = float | int | str

# Figures of these units are better when they are small; a size may follow (``disk_mb_50k``). A rate (``mb_per_s``) is
# no duration and no size.
SMALLER = re.compile(
    r"^(?!.*_per_)(?:.*_)?(ms|s|seconds|bytes|mb)(_|$)|(^|_)(hits|lost|duplicated|resurrected)$"
    r"|^(heldout_loss|max_load|dead_experts)"
)
# Sizes of the input, and what a router is like: better neither way.
COUNTS = ("memories", "questions", "experts_per_token", "router_entropy", "random_router", "untrained_router")


@dataclass(slots=True)
class Result:
    """What one run measured. Peers report figures under the same names, so that ratios come from one run."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)
    against: dict[str, dict[str, Figure]] = field(default_factory=dict)
    """Peer -> its figures; ``version`` is one of them."""
    notes: list[str] = field(default_factory=list)

    @property
    def ratios(self) -> dict[str, dict[str, float]]:
        """How many times better ours is, for each figure that a peer has too: above 1 is in our favour."""
        found: dict[str, dict[str, float]] = {}
        for peer, theirs in self.against.items():
            for name, figure in theirs.items():
                ours = self.figures.get(name)
                if name.startswith(COUNTS):
                    continue
                if isinstance(ours, int | float) and isinstance(figure, int | float) and ours and figure:
                    ratio = figure / ours if SMALLER.search(name) else ours / figure
                    found.setdefault(peer, {})[name] = round(ratio, 3)
        return found

    def write(self, path: Path) -> None:
        """The JSON file."""
        write_json(path, {"machine": machine(), "ratios": self.ratios, **asdict(self)}, mode=0o644)

    def show(self, console: Console | None = None) -> None:
        """One row per figure, one column per contender."""
        console = console or Console()
        peers = list(self.against)
        table = Table(title=self.name, title_justify="left")
        table.add_column("figure")
        for who in ("CleoAI", *peers):
            version = str(self.against.get(who, {}).get("version", ""))
            table.add_column(f"{who}\n{version}" if version else who, justify="right")
        rows = dict.fromkeys([*self.figures, *(name for peer in peers for name in self.against[peer])])
        for name in rows:
            if name != "version":
                columns: list[Mapping[str, Figure]] = [self.figures, *(self.against[peer] for peer in peers)]
                table.add_row(name, *(_written(column.get(name, "")) for column in columns))
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}", highlight=False)


def machine() -> dict[str, Any]:
    """What the numbers were measured on, and how busy it was."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        found = re.search(r"model name\s*: (.*)", information.read_text())
        model = found[1].strip() if found else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "load": [round(load, 2) for load in psutil.getloadavg()],
    }


def _written(value: Figure) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else value
