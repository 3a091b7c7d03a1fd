"""The errors of CleoAI.

    CleoError                      code, message, hint, http_status, exit_code
    ├── ConfigError                a setting is missing or wrong                     (exit 2)
    ├── InputError                 what the user handed in cannot be used            (exit 2)
    │   ├── UnavailableSource      a source, model id or wheel cannot be reached
    │   └── ModelError             a model cannot be used
    │       ├── UnsafeWeights      pickles, code or links in a model folder
    │       └── UnusableModel      a file of the model is missing, broken, or does not fit the others
    ├── EnvironmentFault           disk, port, memory or a missing package           (exit 3)
    ├── BusyError                  another process holds the lock                    (exit 4)
    ├── IntegrityError             bytes are not what was recorded                   (exit 5)
    ├── TrustError                 a signature, approval or key does not hold        (exit 5)
    └── Interrupted                Ctrl-C or SIGTERM                                 (exit 130)

Each package adds a subtree in its own ``errors`` module. What leaves the process towards a client is
``code``, ``message`` and a request id, never a stack, a path or what a user wrote.
"""

from __future__ import annotations


class CleoError(Exception):
    """Something went wrong that a person can act on: the message names the value, the hint says what to do."""

    code = "CLEO_ERROR"
    http_status = 500
    exit_code = 1

    def __init_subclass__(
        cls, *, code: str | None = None, http_status: int | None = None, exit_code: int | None = None
    ) -> None:
        """What is not given is as in the parent."""
        super().__init_subclass__()
        for name, value in (("code", code), ("http_status", http_status), ("exit_code", exit_code)):
            if value is not None:
                setattr(cls, name, value)

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigError(CleoError, code="CONFIG", exit_code=2): ...


class InputError(CleoError, code="INPUT", http_status=400, exit_code=2): ...


class UnavailableSource(InputError, code="UNAVAILABLE_SOURCE", http_status=503): ...


class ModelError(InputError, code="MODEL"): ...


class UnsafeWeights(ModelError, code="UNSAFE_WEIGHTS", exit_code=5): ...


class UnusableModel(ModelError, code="UNUSABLE_MODEL"): ...


class EnvironmentFault(CleoError, code="ENVIRONMENT", http_status=503, exit_code=3): ...


class BusyError(CleoError, code="BUSY", http_status=409, exit_code=4): ...


class IntegrityError(CleoError, code="INTEGRITY", exit_code=5): ...


class TrustError(CleoError, code="TRUST", http_status=403, exit_code=5): ...


class Interrupted(CleoError, code="INTERRUPTED", exit_code=130): ...
