"""Surrogates of people: one person is one surrogate, by whatever part or form of the name they are called.

A name is drawn word by word, each by itself, and a name's first letter decides that of its surrogate. So the full
name, the given name, "R. Thornton", "RT", r.thornton@… and rthornton all lead to the same surrogate person, without
anybody having to know beforehand who is meant, and in any version of the corpus.
"""

from __future__ import annotations

import random
import re
from collections.abc import Container
from functools import lru_cache

from cleo_model.corpus.pii.surrogates.draw import Draw
from cleo_model.corpus.pii.surrogates.lists import LETTERS, is_common_family, is_common_given, known, names, words
from cleo_model.corpus.pii.values import plain

PARTICLES = frozenset(words("particles"))
SUFFIXES = frozenset(words("suffixes"))
INITIALS = re.compile(r"(?:[^\W\d_]\.-?)+[^\W\d_]?\.?|[^\W\d_]")
OFFICES = frozenset(words("offices"))
REMEMBERED = 4096
CLOSE = ("ton", "ley", "son", "by", "man", "well", "ford", "ham")


class Names:
    """Draws the names of surrogate people.

    Args:
        given: given names in full names of the corpus, as `plain` has them; with `family` it tells what a word is
            that stands alone.
        family: family names, likewise.
    """

    def __init__(self, draw: Draw, given: Container[str] = frozenset(), family: Container[str] = frozenset()) -> None:
        self.draw, self._given, self._family = draw, given, family
        # Only to save work: a draw does not depend on what was drawn before.
        self._drawn = lru_cache(REMEMBERED)(self._draw)
        mixed = list(LETTERS)
        draw.rng("LETTERS").shuffle(mixed)
        # One to one for the letters that most names begin with, so that two initials seldom fall together.
        self._letters = dict(zip(LETTERS, mixed, strict=True))

    def whole(self, value: str) -> str:
        """The surrogate of a name as it stands in a text: of each of its words, in the same order and case."""
        parts = value.split()
        if len(parts) > 1 and parts[0].endswith(","):  # "Thornton, Rachel"
            return f"{self.family(parts[0][:-1])}, {self.whole(' '.join(parts[1:]))}"
        roles = [self._role(word, len(parts)) for word in parts]
        named = [number for number, role in enumerate(roles) if role == "name"]
        made = []
        for number, (word, role) in enumerate(zip(parts, roles, strict=True)):
            if role == "kept":
                made.append(word)
            elif role == "initials":
                made.append(re.sub(r"[^\W\d_]", lambda found: self.initial(found.group()), word))
            elif len(named) == 1 and len(parts) == 1:
                made.append(self.given(word) if self.is_given(plain(word)) else self.family(word))
            else:
                is_family = number == named[-1] or self._is_only_family(plain(word))
                made.append(self.family(word) if is_family else self.given(word))
        return " ".join(made)

    def given(self, word: str) -> str:
        """The surrogate of a given name; of the same sex where it is a common one."""
        small = plain(word)
        female, male = small in known("first_names_female"), small in known("first_names_male")
        kinds = ["first_names_female"] * (female or not male) + ["first_names_male"] * (male or not female)
        return self._word("GIVEN", word, kinds)

    def family(self, word: str) -> str:
        """The surrogate of a family name."""
        return self._word("FAMILY", word, ["last_names"])

    def initial(self, letter: str) -> str:
        """The letter that surrogates of names with this first letter begin with, in the same case."""
        first = plain(letter)[:1].upper() or letter.upper()
        made = self._letters.get(first) or self.draw.rng("LETTER", first).choice(LETTERS)
        return made.lower() if letter.islower() else made

    def account(self, local: str, *, keep_case: bool = False) -> tuple[str, bool]:
        """The part of a mail address before the @, or a user name, for the surrogate person; no digits.

        Args:
            keep_case: words with a capital keep it, for a name alone may pass for a user name; else all are small.

        Returns:
            The name, and whether it speaks of a person.
        """
        parts = re.findall(r"[^\W\d_]+|[._-]", local.partition("+")[0])
        named = [part for part in parts if part.isalpha()]
        made = [
            self._account_word(part, first=part is named[0], only=len(named) == 1) if part.isalpha() else part
            for part in parts
        ]
        if keep_case:
            made = [new.capitalize() if old.istitle() else new for old, new in zip(parts, made, strict=True)]
        personal = any(len(word) > 1 and word.lower() not in OFFICES for word in named)
        return "".join(made).strip("._-") or "user", personal

    def is_given(self, word: str) -> bool:
        """Whether a name that stands alone is a given one: as it stands in full names, else by the common ones."""
        if (word in self._given) != (word in self._family):
            return word in self._given
        return is_common_given(word)

    def _role(self, word: str, count: int) -> str:
        bare = word.strip(".,").lower()
        is_particle = count > 1 and bare in PARTICLES and not (len(bare) == 1 and word[0].isupper())
        if is_particle or (count > 1 and bare in SUFFIXES):
            return "kept"
        if INITIALS.fullmatch(word.strip(",")):
            return "initials"
        if count == 1 and len(word) == 2 and word.isupper() and not self._is_known(plain(word)):
            return "initials"  # "RT"
        return "name"

    def _is_known(self, word: str) -> bool:
        return word in self._given or word in self._family or is_common_given(word) or is_common_family(word)

    def _is_only_family(self, word: str) -> bool:
        return word in self._family and word not in self._given and not is_common_given(word)

    def _account_word(self, word: str, *, first: bool, only: bool) -> str:
        small = plain(word)
        if small in OFFICES:
            return small
        if len(small) < 2:
            return self.initial(small or "x").lower()
        return plain(self._of_account(small, first=first, only=only))

    def _of_account(self, small: str, *, first: bool, only: bool) -> str:
        if not only and self._is_known(small):
            return self.given(small) if first or self.is_given(small) else self.family(small)
        if self.is_given(small):
            return self.given(small)
        if self._is_family(small):
            return self.family(small)
        if self._is_family(small[1:]):  # rthornton
            return self.initial(small[0]) + self.family(small[1:])
        for cut in range(len(small) - 2, 2, -1):  # rachelthornton
            if self.is_given(small[:cut]) and self._is_family(small[cut:]):
                return self.given(small[:cut]) + self.family(small[cut:])
        if self.is_given(small[:-1]):  # rachelt
            return self.given(small[:-1]) + self.initial(small[-1])
        return self.given(small) if first and not only else self.family(small)

    def _is_family(self, word: str) -> bool:
        return len(word) > 2 and (word in self._family or is_common_family(word))

    def _word(self, kind: str, word: str, lists: list[str]) -> str:
        if "-" in word.strip("-"):  # Jean-Luc, Smith-Jones
            return "-".join(self._word(kind, part, lists) if part else part for part in word.split("-"))
        made = self._drawn(kind, plain(word) or word.casefold(), tuple(lists))
        if word.islower():
            return made.lower()
        return made.upper() if word.isupper() and len(word) > 2 else made

    def _draw(self, kind: str, small: str, lists: tuple[str, ...]) -> str:
        letter = self.initial(small[0]).upper()
        choice = [name for each in lists for name in names(each)[letter]]

        def make(rng: random.Random) -> str:
            return rng.choice(choice)

        made = self.draw.first(kind, small, make)
        if self.draw.is_free(made):
            return made
        # A corpus that holds every name of the list.
        return self.draw.first(f"{kind} coined", small, lambda rng: f"{make(rng)}{rng.choice(CLOSE)}")
