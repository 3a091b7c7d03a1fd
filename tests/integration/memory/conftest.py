from __future__ import annotations

import sys
from pathlib import Path

# Tests are imported one by one (importmode=importlib), so what they share is found from the root of the repository.
if (root := str(Path(__file__).parents[3])) not in sys.path:
    sys.path.insert(0, root)

from tests.servers import mongodb_url, pinecone_host, pooler_url, postgres_url, postgrest_url, redis_url

__all__ = ["mongodb_url", "pinecone_host", "pooler_url", "postgres_url", "postgrest_url", "redis_url"]
