"""Draws passwords and keys."""

from __future__ import annotations

import string
from random import Random

from cleo_model.corpus.pii.fit.numbers import HEX, filled, run
from cleo_model.corpus.pii.fit.people import People
from cleo_model.corpus.pii.fit.pools import words

WIDE = string.ascii_letters + string.digits


class Secrets:
    """The secrets of one text."""

    def __init__(self, rng: Random, people: People) -> None:
        self.rng, self.people = rng, people

    def password(self) -> str:
        rng = self.rng
        word, other, third = (rng.choice(words("shapes")["password_words"]) for _ in range(3))
        sign = rng.choice("-_.!@#$")
        forms = [
            run(rng, WIDE + "!@#$%&*?", rng.randrange(7, 15)), run(rng, WIDE + "!@#$%&*?", rng.randrange(7, 15)),
            f"{word}{rng.randrange(1000)}", f"{word.capitalize()}{rng.randrange(100)}!",
            f"{word}{sign}{rng.randrange(10)}", f"{word}{sign}{other}{sign}{third}",
            f"{self.people.derived()[0].capitalize()}{rng.randrange(1950, 2024)}",
            filled(rng, "####"), filled(rng, "######"),
        ]  # fmt: skip
        return rng.choice(forms)

    def secret_key(self) -> str:
        rng = self.rng
        forms = [
            f"sk-{run(rng, WIDE, 40)}", f"ghp_{run(rng, WIDE, 36)}", f"hf_{run(rng, WIDE, 34)}",
            f"glpat-{run(rng, WIDE, 20)}",
            f"AKIA{run(rng, string.ascii_uppercase + string.digits, 16)}", f"sk_live_{run(rng, WIDE, 24)}",
            f"xoxb-{run(rng, string.digits, 11)}-{run(rng, WIDE, 24)}", f"AIza{run(rng, WIDE, 35)}", run(rng, HEX, 32),
            f"eyJ{run(rng, WIDE, 30)}.eyJ{run(rng, WIDE, 40)}.{run(rng, WIDE + '-_', 43)}", run(rng, WIDE + "/+", 40),
        ]  # fmt: skip
        return rng.choice(forms)
