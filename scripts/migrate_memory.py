"""As `cleo memory migrate`: python scripts/migrate_memory.py --source sqlite --target redis,mongodb --dry-run"""

from __future__ import annotations

import sys

from cleo_core.cli import main

if __name__ == "__main__":
    main(["memory", "migrate", *sys.argv[1:]])
