"""What is written down about a reply: a row that `cleo verify` starts from, and the provenance of the kept turn."""

from __future__ import annotations

import asyncio

from cleo_core.proof import replies
from cleo_serving.chat.events import Provenance

__all__ = ["record_reply", "turn_provenance"]


async def record_reply(provenance: Provenance) -> None:
    """Write which model, approval and memories a reply came from; no word of what was said."""
    model = provenance.model
    row = replies.Reply(
        id=provenance.reply_id,
        model=model.name,
        version=model.number,
        bundle_digest=model.bundle_digest,
        approval_id=model.approval_id,
        memories=tuple(memory.id for memory in provenance.memories),
    )
    await asyncio.to_thread(replies.append, row)


def turn_provenance(provenance: Provenance) -> dict[str, str]:
    """Where the assistant's turn came from, as memory keeps it beside the turn."""
    model = provenance.model
    origin = {"source": "reply", "reply": provenance.reply_id, "model": f"{model.name}/{model.version}"}
    if found := provenance.session.findings:
        origin["session"] = ",".join(finding.detector for finding in found)
    return origin
