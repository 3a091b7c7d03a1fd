from __future__ import annotations

import sys
from pathlib import Path

# Tests are imported one by one (importmode=importlib), so what they share is found from the root of the repository.
if (root := str(Path(__file__).parents[3])) not in sys.path:
    sys.path.insert(0, root)

from tests.servers import redis_url
from tests.serving_fixtures import (
    api,
    api_home,
    api_settings,
    edit_config,
    make_model,
    model_folder,
    safetensors_folder,
    shared_api,
)

__all__ = [
    "api",
    "api_home",
    "api_settings",
    "edit_config",
    "make_model",
    "model_folder",
    "redis_url",
    "safetensors_folder",
    "shared_api",
]
