"""The way to MLflow: imported only when needed, quiet, without telemetry, and with errors that a person can act on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cleo_core.errors import CleoError, EnvironmentFault
from cleo_core.redact import bare, redact
from cleo_core.registry.errors import RegistryError, VersionNotFound
from cleo_core.settings import CoreSettings, home, load

NONE_YET = "cleo run makes a version; cleo review list shows those that wait, cleo review approve releases one."
# A version's files are plain: nothing is ever unpickled. A dead server is noticed in seconds, not after minutes.
DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}  # a missing alias is the second


def model_name() -> str:
    """The name of the registered model."""
    return load(CoreSettings).model_name


def tracking_uri() -> str:
    """Where MLflow keeps everything."""
    return load(CoreSettings).tracking_uri


def _client() -> Any:
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    for noisy in ("mlflow.store.db.utils", "alembic", "mlflow.tracking"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        import mlflow
    except ModuleNotFoundError as missing:
        raise EnvironmentFault(f"MLflow is not installed ({missing.name}).", hint="make setup") from None
    uri = tracking_uri()
    if uri.startswith("sqlite:"):
        home("mlflow")
    # The SQL registry looks logged models up through the global address, so it must be the same one.
    if mlflow.get_tracking_uri() != uri:
        mlflow.set_tracking_uri(uri)
    if mlflow.get_registry_uri() != uri:
        mlflow.set_registry_uri(uri)
    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def tracking(*, missing: str | None = None) -> Iterator[Any]:
    """An MLflow client.

    Args:
        missing: what to say when what is asked for is not there.

    Raises:
        VersionNotFound: it is not there.
        RegistryError: MLflow cannot be reached, or refuses.
    """
    try:
        yield _client()
    except CleoError:
        raise
    except Exception as error:
        code = getattr(error, "error_code", "")
        if missing and code in ABSENT:
            raise VersionNotFound(missing, hint=NONE_YET) from None
        # The library's message may quote the address with its password.
        first = str(redact((str(error).splitlines() or [type(error).__name__])[0]))[:200]
        raise RegistryError(
            f"The model registry at {bare(tracking_uri())} gave no answer that can be used: {first}",
            hint="Is it running (`make ui`), and is CLEO_MLFLOW_URI right?",
        ) from None
