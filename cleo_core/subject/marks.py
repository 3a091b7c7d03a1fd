"""What learned from a person who was erased: told by the signed bundle itself and the signed erasures, not by a tag.

A bundle lists the keyed hashes of the people in its corpus, and its signature holds for that list; whose of them were
erased follows from the erasures. So a mark can be taken out of the registry, and the model stays marked wherever the
erasure is known: on the machine that erased (files and audit log), and on every one that has once seen its tag.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress

from cleo_core import registry
from cleo_core.crypto.trust_store import TrustStore
from cleo_core.errors import CleoError, TrustError
from cleo_core.provenance.errors import LearnedFromErased
from cleo_core.registry import VersionInfo
from cleo_core.registry.pull import inspected
from cleo_core.subject import erasures
from cleo_core.subject.erasures import Erasure, Receipt
from cleo_core.subject.index import BUNDLED, SubjectIndex
from cleo_core.telemetry import get_logger

log = get_logger(__name__)

TAG = "cleo.erasure."
"""Tags of a version, by the id of the erasure: signed receipts."""
SHOWN = "cleo.erased_subjects"
"""Tag of a version for people to look at: of how many erased people it learned."""


def learned_from(info: VersionInfo) -> set[str]:
    """Keyed hashes of the people whom a registered version learned from, by its signed bundle.

    Raises:
        TrustError, IntegrityError: the bundle is not what was signed.
    """
    with inspected(info, only=(BUNDLED,)) as (bundle, _):
        return SubjectIndex.read(bundle / BUNDLED).learned


def erased(learned: Collection[str], tags: Mapping[str, str]) -> list[Erasure]:
    """The erasures of people whom a model learned from, the earliest first: those known here, and those that hold
    among the tags of its version, which are known here from then on.
    """
    if not learned:
        return []
    for receipt in _tagged(tags):
        erasures.keep(receipt)
    found = (receipt.erasure for subject, receipt in erasures.known().items() if subject in learned)
    return sorted(found, key=lambda erasure: erasure.erased_at)


def _tagged(tags: Mapping[str, str]) -> list[Receipt]:
    store, found = TrustStore().snapshot(), []
    for name, value in sorted(tags.items()):
        if name.startswith(TAG):
            try:
                envelope = json.loads(value)
                found.append(Receipt(erasures.verify(envelope, store, even_revoked=True), envelope))
            except (TrustError, ValueError, RecursionError) as error:
                # It counts for nothing, or whoever may set a tag could stop any model; but it is not passed by unsaid.
                log.warning("an erasure in the registry does not hold here", tag=name, reason=str(error)[:300])
    return found


def mark(info: VersionInfo, learned: Collection[str]) -> list[Erasure]:
    """Attach to a version the erasures of people whom it learned from; returns them."""
    known = erasures.known()
    found = [known[subject] for subject in sorted(learned) if subject in known]
    tags = {TAG + receipt.erasure.id: json.dumps(receipt.envelope, separators=(",", ":")) for receipt in found}
    if missing := {name: value for name, value in tags.items() if name not in info.tags}:
        registry.set_tags(info.version, {**missing, SHOWN: str(len(found))})
    return [receipt.erasure for receipt in found]


def refuse_after(days: float, version: int, learned: Collection[str]) -> None:
    """Refuse a model that learned from a person who was erased so many days ago.

    Raises:
        LearnedFromErased: it did; names the erasure and the mend.
    """
    if not learned:
        return
    tags: Mapping[str, str] = {}
    with suppress(CleoError):  # a registry that is away hides no erasure that is known here
        tags = registry.resolve(version).tags
    if (found := erased(learned, tags)) and found[0].days() >= days:
        raise LearnedFromErased(
            f"Version {version} learned from a person who was erased on {found[0].erased_at} ({found[0].id}); such a "
            f"model is served for {days:g} days at most.",
            hint="Train and release one without that person: cleo run, cleo review approve VERSION.",
        )
