"""A task set on disk: items, lm-eval configurations, and the seal that says what they must be.

seal.json            protocol, tasks with item counts and sha256, and the digest over both
NAME.jsonl           items
NAME.yaml            for stock lm-eval, run inside the folder: lm_eval --include_path . --tasks NAME
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cleo_core.digest import digest_json, sha256_file
from cleo_core.files import write_jsonl
from evals.errors import BrokenSeal, UnknownTask
from evals.protocol import Protocol, TaskSpec
from evals.tasks.forms import FORMS, Item, read_items, write_yaml

SEAL = "seal.json"


@dataclass(frozen=True, slots=True)
class TaskSet:
    """A sealed task set that was checked against its seal."""

    folder: Path
    protocol: Protocol
    tasks: tuple[TaskSpec, ...]
    digest: str
    extras: dict[str, str] = field(default_factory=dict)
    """Other files of the set with their sha256: material of the probes."""

    def items(self, spec: TaskSpec) -> list[Item]:
        return read_items(self.folder / f"{spec.name}.jsonl", spec.form)

    def select(self, name: str) -> TaskSet:
        """This set with one task only, or all.

        Raises:
            UnknownTask: there is no such task.
        """
        if name == "all":
            return self
        chosen = tuple(spec for spec in self.tasks if spec.name in {name, f"cleo_{name}"})
        if not chosen:
            known = ", ".join(spec.name for spec in self.tasks)
            raise UnknownTask(f"There is no task {name!r}.", hint=f"Take all or one of: {known}.")
        return TaskSet(self.folder, self.protocol, chosen, _digest(self.protocol, chosen, {}))


def seal(
    out: Path, tasks: Mapping[TaskSpec, list[Item]], protocol: Protocol, extras: Mapping[str, bytes] | None = None
) -> TaskSet:
    """Write items, configurations and seal. The counts and hashes in the given specs are filled in here."""
    specs = []
    for draft, items in tasks.items():
        path = out / f"{draft.name}.jsonl"
        write_jsonl(path, items)
        spec = replace(draft, items=len(items), sha256=sha256_file(path))
        # Relative: the folder may be moved. The harness writes its own with absolute paths when it runs.
        write_yaml(spec, out, path.name)
        specs.append(spec)
    hashes = {}
    for name, content in (extras or {}).items():
        (out / name).write_bytes(content)
        hashes[name] = sha256_file(out / name)
    digest = _digest(protocol, specs, hashes)
    tasks_told = [asdict(spec) for spec in specs]
    value = {"protocol": protocol.model_dump(), "tasks": tasks_told, "extras": hashes, "digest": digest}
    (out / SEAL).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return TaskSet(out, protocol, tuple(specs), digest, hashes)


def load(folder: Path) -> TaskSet:
    """Read a task set and hold it against its seal.

    Raises:
        BrokenSeal: the seal is missing or not readable, or a file is not what was sealed.
    """
    path = folder / SEAL
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
        protocol = Protocol(**value["protocol"])
        specs = tuple(TaskSpec(**entry) for entry in value["tasks"])
        extras = {str(name): str(sha256) for name, sha256 in value["extras"].items()}
        recorded = value["digest"]
    except OSError:
        raise BrokenSeal(f"{folder} is not a task set: it has no {SEAL}.", hint="Build it again.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenSeal(f"{path} is not a seal ({type(error).__name__}).", hint="Build it again.") from None
    if not specs or len({spec.name for spec in specs}) != len(specs):
        raise BrokenSeal(f"{path} names no task, or one twice.", hint="Build it again.")
    for spec in specs:
        if not spec.name.isidentifier() or spec.form not in FORMS:
            raise BrokenSeal(f"{path}: {spec.name!r} has no usable name or form.", hint="Build it again.")
    for name, sha256 in {**{f"{spec.name}.jsonl": spec.sha256 for spec in specs}, **extras}.items():
        file = folder / name
        if Path(name).name != name or file.is_symlink() or not file.is_file() or sha256_file(file) != sha256:
            raise BrokenSeal(f"{name} is not the file that was sealed.", hint="Build the task set again.")
    if recorded != _digest(protocol, specs, extras):
        raise BrokenSeal(f"{path} was changed after it was written.", hint="Build the task set again.")
    return TaskSet(folder, protocol, specs, recorded, extras)


def _digest(protocol: Protocol, specs: Sequence[TaskSpec], extras: Mapping[str, str]) -> str:
    tasks = [spec.digest for spec in specs]
    return digest_json({"protocol": protocol.model_dump(), "tasks": tasks, "extras": dict(extras)})
