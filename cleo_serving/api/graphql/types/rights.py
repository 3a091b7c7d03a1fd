"""GraphQL types of a user's rights: the export and the receipt of an erasure."""

import json

import strawberry

from cleo_memory import Receipt as ErasureReceipt
from cleo_serving.api.graphql.types.mapping import show

__all__ = ["Export", "Receipt"]


@strawberry.type(description="All that is kept of a user, as JSON Lines.")
class Export:
    lines: int
    sha256: str
    content: str


@strawberry.type(description="What became of the copies in a store outside the catalogue: purged, or pending.")
class StoreState:
    name: str
    state: str


@strawberry.type(description="Signed proof that a user was erased.")
class Receipt:
    id: strawberry.ID
    subject: str
    erased_at: str
    memories: int
    conversations: int
    keys_destroyed: int
    stores: list[StoreState]
    envelope: str = strawberry.field(description="The signed form, as JSON: keep it.")

    @classmethod
    def of(cls, receipt: ErasureReceipt) -> "Receipt":
        return show(
            cls,
            receipt,
            stores=[StoreState(name=name, state=state) for name, state in sorted(receipt.stores.items())],
            envelope=json.dumps(receipt.envelope, sort_keys=True),
        )
