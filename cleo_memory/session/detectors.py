"""Detectors over the turns of a session: loops, escalation, anomalies. Pure functions of English words and of form.

What they miss is in benchmarks/README.md. Thresholds were chosen on generated sessions (benchmarks/shadow.py, seeds
0-199) and on nothing else.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WORD = re.compile(r"[^\W_]+(?:'\w+)?")
UPSET = frozenset(
    WORD.findall(
        """
        angry annoyed awful broken disappointed frustrated frustrating furious garbage hate hopeless horrible
        idiotic incompetent insane joke lawyer liar nonsense pathetic rubbish ridiculous scam sick stupid sue
        terrible unacceptable upset useless waste worst wrong again still never seriously
        """
    )
)
NEGATION = frozenset(["not", "never", "no", "without", "n't"])
SIMILAR = 0.87
LOOP_FROM = 3
SHORTEST_LOOP = 4  # words; "ok, thanks" is no loop
UPSET_FROM = 0.55
UNLIKE_FROM = 7.5
ANOMALY_AFTER = 4


@dataclass(frozen=True, slots=True)
class Turn:
    role: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Finding:
    """`score` is 0 to 1; `why` is in words and quotes nothing."""

    detector: str
    score: float
    why: str


def words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def similarity(one: str, other: str) -> float:
    """Overlap of words and pairs of words, 0 to 1 (Dice)."""

    def grams(text: str) -> Counter[tuple[str, ...]]:
        found = words(text)
        return Counter([(word,) for word in found] + list(pairwise(found)))

    first, second = grams(one), grams(other)
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 0.0


def loop(turns: Sequence[Turn]) -> Finding | None:
    """The same is said again and again by one side: at least three of its last six turns are much alike."""
    last = turns[-1]
    own = [turn.text for turn in turns if turn.role == last.role][-6:]
    alike = [similarity(last.text, text) for text in own[:-1]]
    close = [score for score in alike if score >= SIMILAR]
    if len(close) + 1 < LOOP_FROM or len(words(last.text)) < SHORTEST_LOOP:
        return None
    return Finding("loop", min(1.0, (len(close) + 1) / 5), f"{len(close) + 1} of the last {len(own)} turns are alike")


def heat(text: str) -> float:
    """How upset a message sounds, 0 to 1: words, shouting, exclamation."""
    found = words(text)
    if not found:
        return 0.0
    upset = sum(
        word in UPSET and not (place and found[place - 1] in NEGATION) for place, word in enumerate(found)
    ) / math.sqrt(len(found))
    letters = [letter for letter in text if letter.isalpha()]
    shouting = sum(letter.isupper() for letter in letters) / len(letters) if len(letters) > 6 else 0.0
    marks = text.count("!") + text.count("?!")
    return min(1.0, 0.55 * upset + 0.7 * max(0.0, shouting - 0.3) + 0.12 * min(marks, 4))


def escalation(turns: Sequence[Turn]) -> Finding | None:
    """A person is upset and it does not get better: the smoothed heat of their turns is high and has risen."""
    own = [heat(turn.text) for turn in turns if turn.role == "user"]
    if turns[-1].role != "user" or len(own) < 2:
        return None
    smoothed = own[0]
    for value in own[1:]:
        smoothed = 0.5 * smoothed + 0.5 * value
    rising = own[-1] >= own[0]
    if smoothed + 0.5 * own[-1] < UPSET_FROM or not rising:
        return None
    return Finding(
        "escalation", min(1.0, smoothed + 0.5 * own[-1]), f"heat rose to {own[-1]:.2f} over {len(own)} turns"
    )


def features(turn: Turn, before: Turn | None) -> list[float]:
    found = words(turn.text)
    length = len(turn.text) or 1
    return [
        math.log1p(length),
        sum(map(len, found)) / (len(found) or 1),
        sum(not (letter.isalnum() or letter.isspace()) for letter in turn.text) / length * 20,
        sum(letter.isdigit() for letter in turn.text) / length * 20,
        sum(ord(letter) > 0x24F for letter in turn.text) / length * 20,
        math.log1p(max(0.0, turn.at - before.at)) / 4 if before else 0.0,
    ]


def anomaly(turns: Sequence[Turn]) -> Finding | None:
    """A message unlike this person's others in form: length, words, signs, digits, script, pace."""
    own = [turn for turn in turns if turn.role == "user"]
    if turns[-1].role != "user" or len(own) <= ANOMALY_AFTER:
        return None
    rows = [features(turn, own[n - 1] if n else None) for n, turn in enumerate(own)]
    # Robust: the median, and the deviation from it with a floor, so that a person of even habits is not punished.
    far = 0.0
    for column in range(len(rows[0])):
        past = sorted(row[column] for row in rows[:-1])
        middle = past[len(past) // 2]
        spread = sorted(abs(value - middle) for value in past)[len(past) // 2]
        far += min(8.0, abs(rows[-1][column] - middle) / (1.48 * spread + 0.5)) ** 2
    score = math.sqrt(far)
    if score < UNLIKE_FROM:
        return None
    return Finding("anomaly", min(1.0, score / 15), f"{score:.1f} deviations from the {len(own) - 1} turns before")


def detect(turns: Sequence[Turn]) -> list[Finding]:
    """All that is to be seen at the last turn; with a person's turn, also that the answers before it were a loop."""
    if not turns:
        return []
    last = loop(turns)
    if last is None and len(turns) > 1 and turns[-1].role == "user" != turns[-2].role:
        last = loop(turns[:-1])
    return [found for found in (last, escalation(turns), anomaly(turns)) if found]
