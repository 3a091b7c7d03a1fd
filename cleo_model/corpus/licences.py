"""Under which licences text may be trained on: a source under another one stops the run before it is read.

Names are those of SPDX (`MIT`, `CC-BY-4.0`) or the user's own words ("public domain", "our own"), in any case; `*`
stands for anything. In an expression, of `A OR B` one has to do, of `A AND B` (also `A; B` and `A, B`) each.

By default everything is allowed but what says itself that this use is not: no commercial use (`*-NC*`), no changed
copies (`*-ND*`), all rights reserved, and no licence that anybody knows of. Share-alike licences (`CC-BY-SA`, GPL) are
allowed: whether a model is a derived work of its text is a question for a lawyer, and `denied` takes the answer.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict

DENIED = (
    "*-nc", "*-nc-*", "*-nd", "*-nd-*", "*non-commercial*", "*noncommercial*", "*no derivatives*",
    "*all rights reserved*", "none", "unknown", "unlicensed", "noassertion", "n/a", "[?]",
)  # fmt: skip
ALTERNATIVES = re.compile(r"\s+or\s+", re.IGNORECASE)
TOGETHER = re.compile(r"\s+and\s+|\s*[;,]\s*", re.IGNORECASE)


class LicencePolicy(BaseModel):
    """Patterns of names. What is denied is denied; where anything is listed as allowed, nothing else is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = DENIED

    def refuses(self, licence: str) -> str | None:
        """Why text under this licence may not be used, as a sentence about the name that decides; None where it may."""
        reasons = [self._refuses_all(alternative) for alternative in ALTERNATIVES.split(licence.strip(" ()"))]
        return None if None in reasons else reasons[0]

    def _refuses_all(self, licence: str) -> str | None:
        for part in TOGETHER.split(licence):
            name = part.strip(" ()")
            if not name:
                continue
            if pattern := next((each for each in self.denied if _matches(name, each)), None):
                return f"{name!r} is denied by {pattern!r}"
            if self.allowed and not any(_matches(name, each) for each in self.allowed):
                return f"{name!r} is not one of the allowed ({', '.join(self.allowed)})"
        return None


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())
