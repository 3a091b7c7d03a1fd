"""``python -m benchmarks NAME``: run one benchmark, show its table, write its JSON."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

import benchmarks
from benchmarks.result import Result
from cleo_core.errors import CleoError
from cleo_core.progress import ConsoleReporter


def names() -> list[str]:
    """Modules of this package that are benchmarks: they define ``run``."""
    inside = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.ispkg]
    folder = Path(benchmarks.__path__[0])
    return sorted(name for name in inside if "\ndef run(" in (folder / f"{name}.py").read_text())


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("name", choices=names(), help="what to measure")
    arguments.add_argument("--data", type=Path, metavar="FILE", help="input, for a benchmark that takes one")
    arguments.add_argument("--corrections", type=Path, metavar="FILE", help="corrected evidence for --data")
    arguments.add_argument("--model", metavar="FOLDER", help="model of `assistant`; by default the released one")
    arguments.add_argument("--replies", type=Path, metavar="FILE", help="where `assistant` writes every reply")
    arguments.add_argument("--quick", action="store_true", help="small sizes: does it run at all")
    arguments.add_argument("--no-peers", action="store_true", help="measure ours alone")
    arguments.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    return arguments


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    report = ConsoleReporter()
    try:
        module = importlib.import_module(f"benchmarks.{arguments.name}")
        result: Result = module.run(arguments, report)
    except CleoError as error:
        print(f"Error [{error.code}]: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    result.show()
    if arguments.json:
        result.write(arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
