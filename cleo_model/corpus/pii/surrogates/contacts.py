"""Surrogates of mail addresses, user names and links: made from the name of the surrogate person."""

from __future__ import annotations

import re
from random import Random

from cleo_model.corpus.pii.surrogates.draw import Draw
from cleo_model.corpus.pii.surrogates.names import Names
from cleo_model.corpus.pii.values import squash

DOMAINS = ("example.com", "example.org", "example.net")
"""Kept for examples by RFC 2606: mail to them reaches nobody."""


class Contacts:
    """Draws what a surrogate person is reached at."""

    def __init__(self, draw: Draw, names: Names) -> None:
        self.draw, self.names = draw, names

    def mail(self, value: str) -> str:
        """A number sets apart the addresses of people of one name; the domain follows that of the value."""
        local, _, domain = value.removeprefix("mailto:").rpartition("@")
        made, personal = self.names.account(local)
        host = self.draw.rng("DOMAIN", domain.casefold()).choice(DOMAINS)

        def numbered(rng: Random) -> str:
            digits = 4 if personal and not re.search(r"\d", local) else 8
            return f"{made}{rng.randint(10 ** (digits - 1), 10**digits - 1)}@{host}"

        return self.draw.first("EMAIL_ADDRESS", squash(value), numbered)

    def user(self, value: str) -> str:
        """The account of the surrogate person; with as many digits as the value has."""
        bare = value.lstrip("@")
        made, _ = self.names.account(bare, keep_case=True)
        count = min(sum(char.isdigit() for char in bare), 8)

        def numbered(rng: Random) -> str:
            tail = f"{rng.randint(10 ** (count - 1), 10**count - 1)}" if count else ""
            return f"{value[: len(value) - len(bare)]}{made}{tail}"

        return self.draw.first("USERNAME", squash(bare), numbered)

    def link(self, value: str) -> str:
        """A page at example.org, with the name of the surrogate person where the link ended in a name."""
        scheme = re.match(r"[a-z][a-z0-9+.-]*://", value, re.IGNORECASE)
        path = re.split(r"[?#]", value[scheme.end() if scheme else 0 :])[0].rstrip("/")
        last = path.rpartition("/")[2] if "/" in path else ""
        words = [part for part in re.findall(r"[^\W\d_]+", last) if len(part) > 1]
        made = self.names.account(last)[0] if words else ""

        def page(rng: Random) -> str:
            number = rng.randint(10**6, 10**7 - 1)
            return f"{scheme.group() if scheme else ''}example.org/{made}{number}"

        return self.draw.first("URL", squash(value), page)
