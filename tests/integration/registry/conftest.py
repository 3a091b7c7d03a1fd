"""What the tests of trust share: see tests/trust_fixtures.py."""

from __future__ import annotations

import sys
from pathlib import Path

# Tests are imported one by one (importmode=importlib), so what they share is found from the root of the repository.
if (root := str(Path(__file__).parents[3])) not in sys.path:
    sys.path.insert(0, root)

from tests.trust_fixtures import bundle, champion, empty_store, keys, registered, store

__all__ = ["bundle", "champion", "empty_store", "keys", "registered", "store"]
