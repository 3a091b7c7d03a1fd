"""The errors of evaluation.

CleoError
├── InputError
│   ├── BadItems            an item file is not what its format says
│   ├── UnknownTask         no task of that name in the task set
│   └── UnusableModel       a folder that cannot be scored as a causal language model
└── IntegrityError
    └── BrokenSeal          a task set is not the one that was sealed
"""

from __future__ import annotations

from cleo_core.errors import InputError, IntegrityError


class BadItems(InputError, code="BAD_ITEMS"): ...


class UnknownTask(InputError, code="UNKNOWN_TASK"): ...


class BrokenSeal(IntegrityError, code="BROKEN_SEAL"): ...
