"""Draws people: full names, parts of names, lists of names, and what is derived from a name."""

from __future__ import annotations

from random import Random

from anyascii import anyascii

from cleo_model.corpus.pii.fit.pools import HOME, cultures, words, world
from cleo_model.corpus.pii.fit.sample import Sample

PERSON = "PERSON"
PARTICLES = ("van", "von", "de", "da", "di", "del", "bin", "al", "van den", "ter")
TAILS = (" Jr.", " Sr.", " III", " II", ", MD", " Jr")
AND = {"en": " and ", "de": " und ", "fr": " et ", "es": " y ", "it": " e ", "nl": " en ", "pt": " e "}


class People:
    """The people of one text: what is derived (e-mail, user name) as often as not comes from one who was named."""

    def __init__(self, rng: Random, language: str) -> None:
        self.rng, self.language = rng, language
        self.named: list[tuple[str, str]] = []

    def culture(self) -> str:
        if self.rng.random() < (0.45 if self.language == "en" else 0.65):
            return self.rng.choice([locale for locale in HOME[self.language] if locale in cultures()])
        return self.rng.choice(world())

    def pair(self) -> tuple[str, str]:
        """Given and family name of one culture, or now and then of two."""
        names = cultures()
        given, family = names[culture := self.culture()]
        if self.rng.random() < 0.08 and not culture[:2].isupper():
            family = names[self.culture()][1]
        drawn = self.rng.choice(given), self.rng.choice(family)
        if self.rng.random() < 0.06:
            drawn = drawn[0], f"{drawn[1]}{self.rng.choice('--- ')}{self.rng.choice(family)}"
        if self.rng.random() < 0.04 and " " not in drawn[0]:
            drawn = f"{drawn[0]}{self.rng.choice('- ')}{self.rng.choice(given)}", drawn[1]
        self.named.append(drawn)
        return drawn

    def full(self) -> str:
        given, family = self.pair()
        initial, middle = self.rng.choice("ABCDEFGHJKLMNPRSTVW"), self.rng.random()
        if middle < 0.08:
            given += f" {initial}."
        elif middle < 0.13:
            given += f" {initial}"
        elif middle < 0.17:
            given += f" {self.rng.choice(cultures()[self.culture()][0])}"
        elif middle < 0.19:
            family = f"{self.rng.choice(PARTICLES)} {family}"
        elif middle < 0.21:
            family += self.rng.choice(TAILS)
        if self.rng.random() < 0.02:
            return f"{family} {given}"
        return f"{given} {family}"

    def given(self) -> str:
        return self.pair()[0]

    def family(self) -> str:
        return self.pair()[1]

    def initials(self) -> str:
        given, family = self.pair()
        letters = [given[0], self.rng.choice("ABCDEFGHJKLMNPRSTW")][: self.rng.choice([1, 1, 2])]
        signs = self.rng.choice([(". ", "."), (".", "."), (" ", ""), ("", "")])
        short = signs[0].join(letters) + signs[1]
        return self.rng.choice([f"{short} {family}", f"{short} {family}", f"{family} {short}", f"{given} {family[0]}."])

    def surname_first(self) -> str:
        given, family = self.pair()
        return f"{family.upper() if self.rng.random() < 0.2 else family}, {given}"

    def name_list(self) -> Sample:
        one = self.rng.choice([self.full, self.full, self.given, self.family])
        mixed, count = self.rng.random() < 0.3, self.rng.choice([2, 2, 3, 3, 4, 5])
        between = self.rng.choice([", ", ", ", ", ", "; ", "\n", " / ", ","])
        last = between if self.rng.random() < 0.3 else self.rng.choice([AND[self.language], AND[self.language], " & "])
        sample = Sample()
        for place in range(count):
            if place:
                sample.add(last if place == count - 1 else between)
            sample.add(self.rng.choice([self.full, self.given])() if mixed else one(), PERSON)
        return sample

    def derived(self) -> tuple[str, str]:
        """Who an e-mail address or user name belongs to, in plain letters."""
        pair = self.named[-1] if self.named and self.rng.random() < 0.6 else self.pair()
        given, family = ("".join(c for c in anyascii(part).lower() if c.isalnum()) for part in pair)
        return given or "sam", family or "lee"

    def username(self) -> str:
        given, family = self.derived()
        rng = self.rng
        lists = words("words")
        word = rng.choice([*lists["lower_words_that_are_names"], *lists["user_words"]])
        number = str(rng.choice([rng.randrange(100), rng.randrange(1950, 2015), rng.randrange(10_000), ""]))
        tail = rng.choice(["Fan", "Lover", "Girl", "Boy", "Hunter", "_fm", "HQ", "YT"])
        forms = [
            f"{given}{number}", f"{given}.{family}", f"{given[0]}{family}{number}", f"{given}_{family}",
            f"{family}{given[0]}", f"{word}{given}{number}",
            f"{given}_{word}{number}", f"{word}_{number or 7}", f"x{word}{given}x",
            f"{given}{family}{number}", f"{family}{number}", f"{given.capitalize()}{family.capitalize()}",
            f"{word.capitalize()}{tail}{number}", f"{given}-{family}", f"{given}{rng.choice('_.')}{number or 1}",
        ]  # fmt: skip
        return str(rng.choice(forms))
