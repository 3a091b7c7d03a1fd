"""What the law gives a user: a copy of everything, and the erasure of everything."""

import hashlib

from cleo_core.errors import InputError
from cleo_serving.api.graphql.resolvers import Ctx, answers
from cleo_serving.api.graphql.types.rights import Export, Receipt

__all__ = ["erase_my_data", "export_my_data"]

CONFIRMATION = "ERASE"


@answers("memory:read")
async def export_my_data(info: Ctx) -> Export:
    services = info.context.services
    limit, lines, size, digest = services.settings.export_bytes, list[str](), 0, hashlib.sha256()
    async for line in services.memory.export_lines(info.context.principal.user):
        whole = line if line.endswith("\n") else line + "\n"
        raw = whole.encode()
        size += len(raw)
        if size > limit:
            raise InputError("There is more than one reply can carry.", hint="cleo memory export writes a file.")
        digest.update(raw)
        lines.append(whole)
    return Export(lines=len(lines), sha256=digest.hexdigest(), content="".join(lines))


@answers("memory:write")
async def erase_my_data(info: Ctx, confirm: str) -> Receipt:
    if confirm != CONFIRMATION:
        raise InputError(f"confirm must be {CONFIRMATION}.", hint="Everything of you is gone for good after that.")
    user, services = info.context.principal.user, info.context.services
    return Receipt.of(await services.memory.erase(user))
