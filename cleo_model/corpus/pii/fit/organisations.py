"""Draws names of organisations: known ones, composed ones and invented words."""

from __future__ import annotations

from random import Random

from cleo_model.corpus.pii.fit.people import People
from cleo_model.corpus.pii.fit.places import Places
from cleo_model.corpus.pii.fit.pools import words


class Organisations:
    """The organisations of one text."""

    def __init__(self, rng: Random, language: str, people: People, places: Places) -> None:
        self.rng, self.language, self.people, self.places = rng, language, people, places
        self.lists = words("organisations")

    def _suffix(self) -> str:
        local = self.lists.get(f"suffixes_{self.language}")
        return str(self.rng.choice(local if local and self.rng.random() < 0.6 else self.lists["suffixes"]))

    def _stem(self) -> str:
        if self.rng.random() < 0.5:
            return str(self.rng.choice(self.lists["stems"]))
        parts = self.lists["parts"]
        middle = self.rng.choice(parts["middle"]) if self.rng.random() < 0.5 else ""
        word = f"{self.rng.choice(parts['start'])}{middle}{self.rng.choice(parts['end'])}"
        return word[:1] + word[1:].lower()

    def _ordinary(self) -> str:
        """Words of the language that only their place makes a name: Clean Power Finance, Compared Care."""
        count = self.rng.choice([1, 2, 2, 2, 3])
        return " ".join(self.rng.choice(self.lists["ordinary"]) for _ in range(count))

    def org(self) -> str:
        pick = self.rng.random()
        if pick < 0.13:
            return self._cased(f"{self._ordinary()} {self._suffix() if self.rng.random() < 0.3 else ''}".strip())
        if pick < 0.28:
            return self._cased(str(self.rng.choice(self.lists["whole"])))
        if pick < 0.5:
            two = f" {self._stem()}" if self.rng.random() < 0.12 else ""
            return self._cased(f"{self._stem()}{two} {self._suffix()}".strip())
        if pick < 0.68:
            form = str(self.rng.choice(self.lists["of_family"]))
            return form.format(*(self.people.family() for _ in range(form.count("{}"))))
        if pick < 0.82:
            return str(self.rng.choice(self.lists["of_place"])).format(self.places.city())
        if pick < 0.92:
            named = self.rng.choice([*self.lists["stems"], *self.lists["causes"]])
            return str(self.rng.choice(self.lists["of_cause"])).format(named)
        if pick < 0.96:
            form = str(self.rng.choice(self.lists["bands"]))
            return form.format(*(self._stem() for _ in range(form.count("{}"))))
        return "".join(self.rng.choice("ABCDEFGHIKLMNOPRSTUVW") for _ in range(self.rng.choice([3, 3, 4, 5])))

    def _cased(self, name: str) -> str:
        pick = self.rng.random()
        if pick < 0.07:
            return name.lower()
        return name.upper() if pick < 0.1 else name
