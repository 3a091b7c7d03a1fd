"""Withdrawal of the running model by a reviewer: a revocation or rejection stops it, not only its next start."""

from __future__ import annotations

from collections.abc import Callable

from cleo_core import registry
from cleo_core.crypto.dsse import Envelope
from cleo_core.provenance.approval import Subject, governing
from cleo_core.provenance.errors import ApprovalExpired, NotApproved, Rejected, Revoked
from cleo_core.registry.pull import VerifiedModel, keep_denials

__all__ = ["Lookup", "withdrawn"]

Lookup = Callable[[int], list[Envelope]]


def withdrawn(model: VerifiedModel, before: str | None, lookup: Lookup | None = None) -> str | None:
    """Code of the no that stands against this model now, or None.

    Args:
        before: what the last look found; it stays where the decisions that can be seen settle nothing.

    Raises:
        RegistryError, OSError, ...: the decisions could not be read: nothing is known, so nothing changes.
    """
    envelopes = (lookup or registry.approvals)(model.version)
    subject = Subject(
        name=model.name, version=model.version, bundle_digest=model.bundle_digest, eval_digest=model.eval_digest
    )
    try:
        governing(envelopes, subject)
    except (Rejected, Revoked) as error:
        keep_denials(envelopes)
        return error.code
    except ApprovalExpired:
        # Serving goes on with what is loaded; only a no stops it.
        return None
    except NotApproved:
        # Tags can be taken out by anyone who may write to the registry: that is neither a no nor a yes.
        return before
    return None
