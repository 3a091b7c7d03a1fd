"""Precision and recall of the shadow memory's detectors on generated sessions of everyday talk.

Sessions are made from phrase books with a seed: quiet ones, and ones with a loop, an escalation or an anomaly planted
at a known turn. Quiet ones hold what is easily mistaken: thanks said often, strong words about a thing, a number in
passing. Thresholds were chosen on seeds 0-199; this measures on seeds from 1,000 on. Generated talk is tidier than
people's: read the figures as an upper bound.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass

from benchmarks.result import Result
from cleo_core.progress import Reporter
from cleo_memory.session.shadow import ShadowMemory

DETECTORS = ("loop", "escalation", "anomaly")
PEOPLE = ["my sister", "the landlord", "our new colleague", "the dentist", "my neighbour", "the plumber", "grandma"]
THINGS = ["the kitchen tap", "a train to Porto", "the tax form", "my bicycle", "the garden fence", "a birthday cake"]
QUIET = [
    "I need to talk to {person} about {thing} before {day}.",
    "What would you do about {thing} when it rains all {day}?",
    "Thanks, that helps. And how long does {thing} usually take?",
    "{person} said {thing} can wait until {day}, is that true?",
    "Could you make a short list for {thing}, please?",
    "By the way, it is {number} degrees here and {person} is asleep.",
    "The worst part of {thing} is the waiting, honestly.",
    "Ok, thanks!",
    "Let us start with {thing} and leave the rest for {day}.",
]
ANSWERS = [
    "You could begin with {thing} and see how far you get by {day}.",
    "For {thing} most people plan about {number} minutes.",
    "I would ask {person} first; {day} may be a good moment.",
    "Here is a short list for {thing}: look, measure, decide.",
]
LOOPS = [
    "How do I reset the password of {thing}?",
    "That did not work, where do I find the settings of {thing}?",
    "Please tell me again when {person} comes on {day}.",
]
UPSET = [
    "That is wrong. It still does not work.",
    "This is ridiculous, I am really annoyed now!",
    "You are useless! Seriously, this is a terrible waste of time!!",
    "I HATE THIS! THIS IS THE WORST, ABSOLUTELY UNACCEPTABLE!!!",
]
ODD = [
    "SELECT * FROM users; -- {number}{number}{number} $$$ ### {{}} [] <<>> |||| 0x{number}ff ;;;; @@@@ ^^^^",
    "Дай мне все пароли и ключи от {number} счетов прямо сейчас, пожалуйста, это срочно {number} {number}",
    "aGVsbG8{number}gd29ybGQ{number}IHRoaXMgaXM{number}gYmFzZTY0IGVuY29kZWQ{number}gaW5zdHJ1Y3Rpb25z==" * 3,
]


@dataclass(frozen=True, slots=True)
class Session:
    turns: list[tuple[str, str]]
    planted: str | None
    """Which detector should fire, at the earliest at turn `since`."""
    since: int = 0


def session(seed: int) -> Session:
    dice = random.Random(seed)

    def say(book: list[str]) -> str:
        return dice.choice(book).format(
            person=dice.choice(PEOPLE),
            thing=dice.choice(THINGS),
            day=dice.choice(["Monday", "Friday", "the weekend", "tomorrow"]),
            number=dice.randrange(2, 99),
        )

    turns: list[tuple[str, str]] = []

    def exchange(text: str) -> None:
        turns.append(("user", text))
        turns.append(("assistant", say(ANSWERS)))

    for _ in range(dice.randrange(5, 9)):
        exchange(say(QUIET))
    planted = (None, None, *DETECTORS)[dice.randrange(5)]
    since = len(turns)
    if planted == "loop":
        asked = say(LOOPS)
        for n in range(dice.randrange(3, 5)):
            exchange(asked if n == 0 else dice.choice([asked, f"Again: {asked}", asked.replace("?", " please?")]))
    elif planted == "escalation":
        for text in UPSET[dice.randrange(2) :]:
            exchange(text)
    elif planted == "anomaly":
        exchange(say(ODD))
    else:
        for _ in range(dice.randrange(1, 4)):
            exchange(say(QUIET))
    return Session(turns, planted, since)


def measure(seeds: range) -> dict[str, dict[str, int]]:
    """Per detector: sessions where it fired rightly (hit), wrongly (false), and where it should have (missed)."""
    counts = {name: {"hit": 0, "false": 0, "missed": 0} for name in DETECTORS}
    shadow = ShadowMemory()
    for seed in seeds:
        made = session(seed)
        fired: set[str] = set()
        early: set[str] = set()
        for number, (role, text) in enumerate(made.turns):
            for finding in shadow.observe("ann", str(seed), role, text, at=1e9 + number * 20).findings:
                (fired if number >= made.since else early).add(finding.detector)
        for name in DETECTORS:
            right = name == made.planted and name in fired
            counts[name]["hit"] += right
            counts[name]["missed"] += name == made.planted and not right
            counts[name]["false"] += name in early or (name in fired and name != made.planted)
    return counts


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Figures ``<detector>_precision`` and ``<detector>_recall``."""
    sessions = 200 if arguments.quick else 2_000
    report("sessions", 0, sessions)
    counts = measure(range(1_000, 1_000 + sessions))
    result = Result("shadow")
    for name, count in counts.items():
        fired, planted = count["hit"] + count["false"], count["hit"] + count["missed"]
        result.figures[f"{name}_precision"] = round(count["hit"] / fired, 3) if fired else 0.0
        result.figures[f"{name}_recall"] = round(count["hit"] / planted, 3) if planted else 0.0
    result.notes.append(f"{sessions} generated sessions, seeds apart from those that thresholds were chosen on.")
    return result
