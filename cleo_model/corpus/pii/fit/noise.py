"""What happens to text on its way: lost case, typos, missing punctuation, tokenised tweets, scans, tables.

Each change works on characters and keeps to whom they belong, so labels stay exact.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from anyascii import anyascii

from cleo_model.corpus.pii.fit.pools import words
from cleo_model.corpus.pii.fit.sample import Sample


def mapped(sample: Sample, change: Callable[[int, str], str]) -> Sample:
    """The sample with each character replaced by what `change` makes of it, which may be none or several."""
    text, owner = [], []
    for place, char in enumerate(sample.text):
        new = change(place, char)
        text.append(new)
        owner += [sample.owner[place]] * len(new)
    return Sample("".join(text), owner, list(sample.labels))


def lower(sample: Sample, rng: Random) -> Sample:
    return mapped(sample, lambda _, char: char.lower())


def upper(sample: Sample, rng: Random) -> Sample:
    return mapped(sample, lambda _, char: char.upper())


def lower_spans(sample: Sample, rng: Random) -> Sample:
    """Names and places lower-cased in a text that is not."""
    return mapped(sample, lambda place, char: char.lower() if sample.owner[place] >= 0 else char)


def title(sample: Sample, rng: Random) -> Sample:
    """Each Word Capitalised, As In A Headline."""
    return mapped(sample, lambda at, char: char.upper() if not at or not sample.text[at - 1].isalpha() else char)


def random_case(sample: Sample, rng: Random) -> Sample:
    """Each word in a case of its own."""
    how = ["lower"]

    def change(place: int, char: str) -> str:
        if not place or not sample.text[place - 1].isalnum():
            how[0] = rng.choice(["lower", "lower", "upper", "capital", "as it is", "as it is"])
            return char.upper() if how[0] in ("capital", "upper") else char.lower() if how[0] == "lower" else char
        return char.upper() if how[0] == "upper" else char if how[0] == "as it is" else char.lower()

    return mapped(sample, change)


def typos(sample: Sample, rng: Random) -> Sample:
    rate = rng.choice([0.01, 0.02, 0.04])
    fallen = {place for place, char in enumerate(sample.text) if char.isalpha() and rng.random() < rate}

    def change(place: int, char: str) -> str:
        if place not in fallen:
            return char
        near = words("noise")["neighbours"].get(char.lower(), char)
        return rng.choice(["", char + char, str(rng.choice(near))])

    return mapped(sample, change)


def no_punctuation(sample: Sample, rng: Random) -> Sample:
    return mapped(sample, lambda at, char: "" if char in ",.;:!?'\"" and sample.owner[at] < 0 else char)


def no_accents(sample: Sample, rng: Random) -> Sample:
    return mapped(sample, lambda _, char: anyascii(char) if char.isalpha() and char < "ɐ" else char)


def tokenised(sample: Sample, rng: Random) -> Sample:
    """Spaces around punctuation, as data sets of tweets have it."""
    joined = "@#_-/:%" if rng.random() < 0.7 else "@#"

    def change(place: int, char: str) -> str:
        if char.isalnum() or char.isspace() or char in joined:
            return char
        if char == "." and place + 1 < len(sample.text) and sample.text[place + 1].isalnum():
            return char
        return f" {char} "

    return mapped(sample, change)


def chat(sample: Sample, rng: Random) -> Sample:
    """Abbreviations, an emoji or a hashtag, a mention in front."""
    made, start = Sample(labels=list(sample.labels)), 0
    if rng.random() < 0.3:
        made.text, made.owner = "RT ", [-1] * 3
    while start < len(sample.text):
        end = start
        while end < len(sample.text) and sample.text[end].isalpha() == sample.text[start].isalpha():
            end += 1
        word, owner = sample.text[start:end], sample.owner[start:end]
        short = words("noise")["chat"].get(word.lower())
        if owner[0] < 0 and short is not None and rng.random() < 0.6:
            word, owner = short, [-1] * len(short)
        made.text += word
        made.owner += owner
        start = end
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        sign = f" {rng.choice(words('noise')['signs'])}"
        made.text += sign
        made.owner += [-1] * len(sign)
    return made


def scanned(sample: Sample, rng: Random) -> Sample:
    """Spaces and confusions of optical character recognition."""
    confused = {"l": "1", "O": "0", "0": "O", "1": "l", "m": "rn", "S": "5"}

    def change(_: int, char: str) -> str:
        pick = rng.random()
        if char == " " and pick < 0.08:
            return rng.choice(["  ", "\n", "   "])
        if char in confused and pick < 0.04:
            return confused[char]
        return char

    return mapped(sample, change)


def lines(sample: Sample, rng: Random) -> Sample:
    """Broken at a width, as mail and terminals do."""
    width, last = rng.randrange(30, 72), [0]

    def change(place: int, char: str) -> str:
        if char == " " and place - last[0] > width:
            last[0] = place
            return rng.choice(["\n", "\n", "\n> ", "\r\n"]) if sample.owner[place] < 0 else "\n"
        return char

    return mapped(sample, change)


def quoted(sample: Sample, rng: Random) -> Sample:
    """Inside JSON, a row of a table, or behind a key."""
    before, after = rng.choice(words("noise")["around"])
    return Sample().add(before).extend(sample).add(after)


CASES: tuple[tuple[Callable[[Sample, Random], Sample], float], ...] = (
    (lower, 0.13), (upper, 0.05), (lower_spans, 0.04), (title, 0.02), (random_case, 0.02),
)  # fmt: skip
CHANGES: tuple[tuple[Callable[[Sample, Random], Sample], float], ...] = (
    (chat, 0.05), (typos, 0.06), (no_punctuation, 0.05), (no_accents, 0.08), (tokenised, 0.07), (scanned, 0.03),
    (lines, 0.05), (quoted, 0.05),
)  # fmt: skip


def noisy(sample: Sample, rng: Random) -> Sample:
    """The sample after each of the changes that the dice say, and at most one change of case."""
    for change, share in CHANGES:
        if rng.random() < share:
            sample = change(sample, rng)
    pick = rng.random()
    for change, share in CASES:
        if (pick := pick - share) < 0:
            return change(sample, rng)
    return sample
