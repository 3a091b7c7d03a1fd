"""A wrong variable is named as the person wrote it."""

from __future__ import annotations

import pytest

from cleo_core.errors import ConfigError
from cleo_core.settings import load
from cleo_serving.settings import ServingSettings

pytestmark = pytest.mark.unit


def test_a_wrong_environment_is_named_by_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_ENVIRONMENT", "prod")
    with pytest.raises(ConfigError) as refused:
        load(ServingSettings)
    assert "CLEO_ENVIRONMENT is 'prod'" in refused.value.message
    assert "CLEO_SERVING" not in refused.value.message
    monkeypatch.setenv("CLEO_ENVIRONMENT", "staging")
    assert load(ServingSettings).port == 8000


def test_a_wrong_value_of_the_api_is_named_by_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_SERVING_PORT", "70000")
    with pytest.raises(ConfigError, match="CLEO_SERVING_PORT is '70000'"):
        load(ServingSettings)
