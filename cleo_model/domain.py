"""Domains: kinds of text, told apart by names that the sources choose.

Nothing in the code knows a domain by its name. A recipe's mixture says how much of each a phase trains on, held-out
loss is measured for each, and evaluation makes a task for each.
"""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
TAKEN = "last_word"
"""Evaluation's task of that name is made of all running text."""


def is_domain(name: str) -> bool:
    """Whether a domain may be called so: files, asset metadata and evaluation tasks carry the name."""
    return NAME.fullmatch(name) is not None and name != TAKEN
