"""Precision and recall of the shadow memory's detectors, on sessions written for this and on generated ones.

``sessions.json`` holds what the detectors were not made from: other insults, swearing, obfuscation, other languages,
anger without a strong word, questions turned round and reworded, and quiet sessions that are easily mistaken. No
threshold or word was chosen on it; its figures are the ones to go by, overall and by form.

Generated sessions are made from ``phrases.json`` with a seed, of words that the detectors know; their thresholds were
chosen on seeds 0-199, and this measures on seeds from 1,000 on: whether a change broke what worked, and no more.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.result import Result
from cleo_core.progress import Reporter
from cleo_memory.session.shadow import ShadowMemory

DETECTORS = ("loop", "escalation", "anomaly")
PHRASES: dict[str, list[str]] = json.loads(Path(__file__).with_name("phrases.json").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Session:
    turns: list[tuple[str, str]]
    planted: str | None
    """Which detector should fire, at the earliest at turn `since`."""
    since: int = 0


def generated(seed: int) -> Session:
    rng = random.Random(seed)

    def say(book: str) -> str:
        text, person = rng.choice(PHRASES[book]), rng.choice(PHRASES["people"])
        thing, day = rng.choice(PHRASES["things"]), rng.choice(PHRASES["days"])
        return text.format(person=person, thing=thing, day=day, number=rng.randrange(2, 99))

    turns: list[tuple[str, str]] = []

    def exchange(text: str) -> None:
        turns.extend([("user", text), ("assistant", say("answers"))])

    for _ in range(rng.randrange(5, 9)):
        exchange(say("quiet"))
    planted = (None, None, *DETECTORS)[rng.randrange(5)]
    since = len(turns)
    if planted == "loop":
        asked = say("loops")
        for n in range(rng.randrange(3, 5)):
            exchange(asked if n == 0 else rng.choice([asked, f"Again: {asked}", asked.replace("?", " please?")]))
    elif planted == "escalation":
        for text in PHRASES["upset"][rng.randrange(2) :]:
            exchange(text)
    elif planted == "anomaly":
        exchange(say("odd"))
    else:
        for _ in range(rng.randrange(1, 4)):
            exchange(say("quiet"))
    return Session(turns, planted, since)


@dataclass(slots=True)
class Counts:
    """Sessions in which a detector fired rightly, wrongly, and in which it should have."""

    hit: int = 0
    false: int = 0
    planted: int = 0

    def figures(self, name: str) -> dict[str, float]:
        fired = self.hit + self.false
        return {
            f"{name}_precision": round(self.hit / fired, 3) if fired else 0.0,
            f"{name}_recall": round(self.hit / self.planted, 3) if self.planted else 0.0,
        }


def fired(session: Session, name: str) -> tuple[set[str], set[str]]:
    """The detectors that fired before the planted turns, and at them."""
    shadow = ShadowMemory()
    early, late = set[str](), set[str]()
    for number, (role, text) in enumerate(session.turns):
        for finding in shadow.observe("ann", name, role, text, at=1e9 + number * 20).findings:
            (late if number >= session.since else early).add(finding.detector)
    return early, late


def measure(sessions: Iterable[Session]) -> dict[str, Counts]:
    """Counts by detector."""
    counts = {name: Counts() for name in DETECTORS}
    for place, session in enumerate(sessions):
        early, late = fired(session, str(place))
        for name, count in counts.items():
            right = name == session.planted
            count.planted += right
            count.hit += right and name in late
            count.false += name in early or (name in late and not right)
    return counts


def written() -> list[tuple[str, Session]]:
    """The sessions of sessions.json, each by its form: an ordinary opening, then what is planted."""
    book = json.loads(Path(__file__).with_name("sessions.json").read_text(encoding="utf-8"))
    replies: list[str] = book["replies"]
    found = []
    for place, given in enumerate(book["sessions"]):
        opening = book["openings"][place % len(book["openings"])]
        turns: list[tuple[str, str]] = []
        for number, text in enumerate(opening):
            turns += [("user", text), ("assistant", replies[(place + number) % len(replies)])]
        since = len(turns)
        for number, text in enumerate(given["turns"]):
            own = given.get("replies") or replies
            turns += [("user", text), ("assistant", own[number % len(own)])]
        planted = None if given["kind"] == "quiet" else given["kind"]
        found.append((given["form"], Session(turns, planted, since)))
    return found


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Figures ``<detector>_precision`` and ``_recall`` on the written sessions, ``generated_…`` on the others;
    ``<kind>: <form>`` is in how many of them it fired (for quiet ones: false alarms)."""
    result = Result("shadow")
    by_form = written()
    for name, count in measure(session for _, session in by_form).items():
        result.figures |= count.figures(name)
    forms: dict[str, list[bool]] = {}
    for place, (form, session) in enumerate(by_form):
        _, late = fired(session, str(place))
        alarm = session.planted in late if session.planted else bool(late)
        forms.setdefault(f"{session.planted or 'quiet'}: {form}", []).append(alarm)
    result.figures |= {form: f"{sum(alarms)} of {len(alarms)}" for form, alarms in forms.items()}
    sessions = 200 if arguments.quick else 2_000
    report("sessions", 0, sessions)
    for name, count in measure(generated(seed) for seed in range(1_000, 1_000 + sessions)).items():
        result.figures |= count.figures(f"generated_{name}")
    result.notes = [f"{len(by_form)} written sessions; {sessions} generated ones, of words that the detectors know."]
    return result
