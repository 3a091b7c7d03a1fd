"""Masking support tickets, each with a person, a mail address and a telephone of its own: speed, and how it grows.

`chars_per_cpu_s` is all of `cleo mask`: detection, surrogates, the estimate of what was missed and the second detector,
in CPU-seconds of all processes. A quarter of the tickets and all of them are masked with one worker; `time_ratio` and
`memory_ratio` are the second over the first, start-up included in both. `marginal_chars_per_cpu_s` leaves start-up out:
the text that came, by the time that came. `same_bytes` is 1 when two workers write what one does.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import cost_of
from benchmarks.result import Result
from cleo_core.digest import sha256_file
from cleo_core.progress import Reporter

TICKETS, QUICK = 16_000, 240
GROWTH = 4
SCRIPT = """
import sys
from pathlib import Path
from benchmarks.masking import masked
masked(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
"""
OPENINGS = (
    "Hello, I am {name}, and the {thing} stopped working {when}.",
    "My name is {name}. Since {when} the {thing} shows error {number}.",
    "{name} here again: nobody has looked at the {thing}, although I asked for it {when}.",
)
CONTACTS = (
    "You can write to {mail} or call {phone}.",
    "Please answer to {mail}; my number is {phone}.",
    "Call me on {phone} before noon, or send a note to {mail}.",
)
ENDINGS = (
    "It is ticket {number}, and the {thing} stands on floor {floor}.",
    "I have restarted it twice, as the handbook says, and the light stays red.",
    "The whole floor {floor} waits for it, so please hurry.",
)
THINGS = ("printer", "scanner", "router", "badge reader", "projector", "thermostat", "door lock", "kettle")
TIMES = ("on Monday", "this morning", "last week", "after the update", "before lunch")
VOWELS, CONSONANTS = "aeiou", "bcdfghklmnprstvw"


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Mask a quarter of the tickets, then all of them, then these with two workers."""
    result = Result("masking")
    total = QUICK if arguments.quick else TICKETS
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="cleo-masking-") as scratch:
        root = Path(scratch)
        for name, count in (("1x", total // GROWTH), (f"{GROWTH}x", total)):
            report(f"masking {count:,} tickets")
            sizes[name] = write_tickets(root / name, count)
            spent, peak = cost_of(SCRIPT, str(root / name), str(root / f"{name}-masked"), "1")
            result.figures |= {
                f"tickets_{name}": count,
                f"cpu_s_{name}": round(spent, 1),
                f"peak_mb_{name}": round(peak / 2**20),
            }
        first, last = (float(result.figures[f"cpu_s_{name}"]) for name in sizes)
        peaks = [float(result.figures[f"peak_mb_{name}"]) for name in sizes]
        small, large = sizes.values()
        report("masking with two workers")
        cost_of(SCRIPT, str(root / f"{GROWTH}x"), str(root / "two-masked"), "2")
        same = _digests(root / "two-masked") == _digests(root / f"{GROWTH}x-masked")
    result.figures |= {
        "chars_per_cpu_s": round(large / last),
        "marginal_chars_per_cpu_s": round((large - small) / max(last - first, 0.1)),
        "time_ratio": round(last / first, 2),
        "memory_ratio": round(peaks[1] / peaks[0], 2),
        "same_bytes": int(same),
    }
    result.notes.append(f"{large:,} characters; linear is a time_ratio of {GROWTH} at most.")
    return result


def masked(folder: Path, out: Path, workers: int) -> None:
    """Mask a folder under a fixed key; what the measured process runs."""
    from cleo_core.progress import silent
    from cleo_model.corpus.pii.folder.run import FolderSettings, mask_folder

    settings = FolderSettings(workers=workers, limit=2**22, missed_limit=5.0)
    mask_folder(folder, out, b"a key for measuring, of 32 bytes", settings, silent)


def write_tickets(folder: Path, count: int) -> int:
    """Write so many tickets as JSON Lines, the same ones each time; returns their characters."""
    folder.mkdir(parents=True)
    size = 0
    with (folder / "tickets.jsonl").open("w", encoding="utf-8") as lines:
        for text in tickets(count):
            size += len(text)
            lines.write(json.dumps({"text": text}) + "\n")
    return size


def tickets(count: int) -> Iterator[str]:
    """Texts of support tickets, each about a person who is in no other."""
    rng = random.Random(5)
    for number in range(count):
        given, family = _name(rng, 2), _name(rng, 3)
        values = {
            "name": f"{given} {family}",
            "mail": f"{given}.{family}{number}@{_name(rng, 2)}.org".lower(),
            "phone": f"+44 7{rng.randint(100, 999)} {rng.randint(100_000, 999_999)}",
            "thing": rng.choice(THINGS),
            "when": rng.choice(TIMES),
            "number": rng.randint(100, 99_999),
            "floor": rng.randint(1, 30),
        }
        yield " ".join(rng.choice(part) for part in (OPENINGS, CONTACTS, ENDINGS)).format(**values)


def _name(rng: random.Random, syllables: int) -> str:
    made = "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables))
    return f"{made}{rng.choice('nrsltm')}".capitalize()


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in folder.iterdir() if path.is_file()}
