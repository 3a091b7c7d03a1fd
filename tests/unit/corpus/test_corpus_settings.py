"""Settings of the corpus: wrong ones are named, and those that shape a corpus are told from those that do not."""

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


def test_a_corpus_depends_on_its_settings_but_not_on_the_number_of_workers() -> None:
    base = ModelSettings().corpus_inputs()
    assert ModelSettings(corpus_workers=7).corpus_inputs() == base
    for change in ({"heldout_share": 0.1}, {"canaries": 1}, {"corpus_seed": 1}, {"max_record_bytes": 2048}):
        assert ModelSettings(**change).corpus_inputs() != base
