"""Who a candidate is compared with: the champion, or the base model where there is none."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cleo_core.digest import tree_digest
from cleo_core.stage.execution import StageResult
from evals.stages import Opponent

WEIGHTS = "cleo.weights_digest"
"""Tag of a version: digest of its model folder."""
AGAINST = "cleo.compared_with"
"""Tag of a version: what it had to match."""
BASE = "base model"


def opponent(candidate: Path, base: StageResult) -> Opponent:
    """The champion's model; the base model where there is no champion.

    A candidate is not compared with itself: when the champion is the very same weights (a run in which nothing
    changed), the opponent is the one that the champion had to match.
    """
    from cleo_core import registry
    from cleo_core.errors import CleoError
    from cleo_core.registry.errors import VersionNotFound
    from cleo_core.registry.pull import pull

    own = tree_digest(candidate)[0]
    taking_base = partial(Opponent, BASE, base.path, base.digest)
    try:
        version = registry.resolve("champion")
        while version.tags.get(WEIGHTS) == own:
            against = version.tags.get(AGAINST, BASE)
            if against == BASE:
                return taking_base("the champion is this very model: comparing with the base")
            version = registry.resolve(against)
    except VersionNotFound:
        return taking_base("there is no champion yet: comparing with the base model")
    try:
        # Both signatures are verified; its private folder goes when this process has ended.
        folder = pull(version.version).path
    except CleoError as error:
        return taking_base(
            f"version {version.version} cannot be compared with ({error.message}): taking the base model"
        )
    return Opponent(str(version.version), folder, version.bundle_digest, f"comparing with version {version.version}")
