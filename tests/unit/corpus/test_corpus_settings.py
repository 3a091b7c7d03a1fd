"""Settings of the corpus: wrong ones are named."""

from __future__ import annotations

import pytest

from cleo_core.errors import ConfigError
from cleo_core.settings import load
from cleo_model.settings import ModelSettings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("CLEO_MODEL_MAX_RECORD_BYTES", "2048", "many"),
        ("CLEO_MODEL_HELDOUT_SHARE", "0.1", "0.9"),
        ("CLEO_MODEL_CORPUS_WORKERS", "1", "0"),
        ("CLEO_MODEL_CANARIES", "0", "-1"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, good: str, bad: str) -> None:
    monkeypatch.setenv(name, good)
    load(ModelSettings)
    monkeypatch.setenv(name, bad)
    with pytest.raises(ConfigError, match=f"{name} is '{bad}'"):
        load(ModelSettings)
