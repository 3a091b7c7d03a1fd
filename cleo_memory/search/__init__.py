"""Exact hybrid retrieval over one user's memories, inside the process.

    Document --analyse--> Segment --add--> UserIndex --search--> Match --+ records--> Hit --budget--> Context
              (text, dates) (bytes, sealed   (resident,   (hybrid)                        (context)
                             by the store)    in arrays)

| room | holds |
| --- | --- |
| `documents` | the values |
| `text`, `scripts`, `languages` | analysis of texts: words by script, stems by language, answer types |
| `sentences`, `statements` | where a sentence ends in any script; which of them state something |
| `dates`, `related` | date terms, query expansion |
| `windows` | stretches of a long text, each with a vector of its own |
| `embedding`, `scan` | sentence vectors; their exact quantised scan |
| `segment`, `columns`, `index` | storage of one user's index, and what is derived from it |
| `lexical`, `question`, `fusion`, `hybrid` | BM25 in context, a question beside the rows, weights, the whole score |
| `relevance`, `background` | the absolute measure of fit, and the floor below which nothing is found |
| `resident`, `indexes` | which users' indexes are in memory, and how they keep up with the catalogue |
| `context` | notes for a prompt within a token budget, each with its reason |

Up to `indexes` nothing here knows a store or a key: bytes go out to be sealed and come back opened. A document is found
by its words as soon as its segment is added, and by its meaning when `UserIndex.attach` has given it a vector.
"""

from cleo_memory.search.background import Background
from cleo_memory.search.context import SLOT, Citation, Context, build_context
from cleo_memory.search.documents import Document, Filter, Match
from cleo_memory.search.embedding import Embedder, open_embedder, passage, passages
from cleo_memory.search.index import UserIndex
from cleo_memory.search.resident import ResidentIndexes
from cleo_memory.search.segment import Segment
from cleo_memory.search.windows import approximate_tokens

__all__ = [
    "SLOT", "Background", "Citation", "Context", "Document", "Embedder", "Filter", "Match", "ResidentIndexes",
    "Segment", "UserIndex", "approximate_tokens", "build_context", "open_embedder", "passage", "passages",
]  # fmt: skip
