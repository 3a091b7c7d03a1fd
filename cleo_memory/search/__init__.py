"""Exact hybrid retrieval over one user's memories, inside the process.

How the rest of the memory uses it::

    embedder = open_embedder()                                   # once per process
    segment = Segment.build([document])                          # analysed at once, no vector yet
    store(seal(segment.to_bytes()))                              # durable
    index.add(segment)                                           # found by its words from here on
    vectors = embedder.embed([passage(document)])                # later, in batches, off the event loop
    index.attach([document.id], vectors)                         # found by its meaning too
    index = UserIndex.load(embedder.dim, map(Segment.from_bytes, opened))
    matches = index.search(question, embedder.embed([question])[0], limit=10, where=Filter(valid_at=now))
    context = build_context([Hit(records[match.id], match.score, match.parts) for match in matches], token_budget=1500)

Nothing here knows a store or a key: bytes go out to be sealed and come back opened.
"""

from cleo_memory.search.context import Citation, Context, approximate_tokens, build_context
from cleo_memory.search.documents import Document, Filter, Match
from cleo_memory.search.embedding import Embedder, open_embedder, passage
from cleo_memory.search.errors import EmbedderUnavailable, SegmentDamaged, VectorMismatch
from cleo_memory.search.index import UserIndex
from cleo_memory.search.resident import ResidentIndexes
from cleo_memory.search.segment import Segment

__all__ = [
    "Citation",
    "Context",
    "Document",
    "Embedder",
    "EmbedderUnavailable",
    "Filter",
    "Match",
    "ResidentIndexes",
    "Segment",
    "SegmentDamaged",
    "UserIndex",
    "VectorMismatch",
    "approximate_tokens",
    "build_context",
    "open_embedder",
    "passage",
]
