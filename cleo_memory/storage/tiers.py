"""The tiers of a deployment: which store serves which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cleo_memory.records import Tier
from cleo_memory.storage.protocol import Store, VectorStore


@dataclass(frozen=True, slots=True)
class TierStore:
    """A store in its role. Without a store the tier is inside the catalogue's own database."""

    tier: Tier
    store: Store | None = None
    mirror: bool = False
    """Holds vectors beside the tier; never read for a memory."""

    @property
    def key(self) -> str:
        """Name in the catalogue: a tier that moves to another backend does not inherit the old one's copies."""
        return f"{self.tier}:{self.store.name if self.store else 'embedded'}"

    @property
    def searchable(self) -> VectorStore | None:
        """The store, when it can search by vector, and so is given vectors where the settings allow it."""
        return cast(VectorStore, self.store) if hasattr(self.store, "nearest") else None

    @property
    def durable(self) -> bool:
        return self.store is None or self.store.durable


class TierStores:
    """One store per tier, and mirrors."""

    def __init__(
        self, stores: Mapping[Tier, Store] | None = None, mirrors: Sequence[TierStore] = (), *, vectors: bool = False
    ) -> None:
        self._of = {tier: TierStore(tier, (stores or {}).get(tier)) for tier in Tier}
        self.mirrors = list(mirrors)
        self.vectors = vectors

    def __getitem__(self, tier: Tier | str) -> TierStore:
        return self._of[Tier(tier)]

    def __iter__(self) -> Iterator[TierStore]:
        yield from self._of.values()

    @property
    def external(self) -> list[TierStore]:
        """Tier stores and mirrors outside the catalogue's database."""
        return [each for each in (*self, *self.mirrors) if each.store is not None]

    @property
    def searchable(self) -> VectorStore | None:
        """A store that is given vectors and can search them: the cold tier's own, or else its mirror."""
        wanted = [each.searchable for each in self.external if each.searchable and each.tier == Tier.COLD]
        return wanted[0] if self.vectors and wanted else None

    @property
    def external_keys(self) -> list[str]:
        return [each.key for each in self.external]

    @property
    def external_tiers(self) -> list[str]:
        return [str(each.tier) for each in self if each.store is not None]

    def targets(self, tier: Tier | str) -> list[str]:
        """Where a memory that lives in this tier is delivered: its store, its durable shadow, its mirror."""
        home = self[tier]
        wanted = [home.key] if home.store else []
        if not home.durable:
            colder = next(each for each in list(self)[list(Tier).index(Tier(tier)) + 1 :] if each.durable)
            wanted += [colder.key] if colder.store else []
        return wanted + [mirror.key for mirror in self.mirrors if mirror.tier == tier]

    async def close(self) -> None:
        for each in self.external:
            if each.store is not None:
                await each.store.close()
