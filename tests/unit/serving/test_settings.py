"""A wrong variable is named as the person wrote it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cleo_core.errors import ConfigError
from cleo_core.proof import replies
from cleo_core.settings import check, load
from cleo_serving.services import forget_old_replies
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


async def test_replies_are_forgotten_after_the_days_that_were_set(home: Path) -> None:
    ages = {"reply-of-today": 0, "reply-of-yesterday": 1, "reply-of-last-week": 7}
    for id, days in ages.items():
        at = (datetime.now(UTC) - timedelta(days=days, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        replies.append(replies.Reply(id=id, model="cleo", version=1, bundle_digest="0", approval_id="0", at=at))
    task = asyncio.create_task(forget_old_replies(3))
    # The log tells nobody when it is done.
    while replies.find("reply-of-last-week") is not None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    assert all(replies.find(id) for id in ("reply-of-today", "reply-of-yesterday"))


def test_days_of_replies_are_more_than_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(ServingSettings).reply_days is None
    monkeypatch.setenv("CLEO_SERVING_REPLY_DAYS", "0")
    with pytest.raises(ConfigError, match="REPLY_DAYS"):
        load(ServingSettings)


def test_counters_that_have_no_place_are_a_problem_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(ServingSettings).rate.storage == "memory://"
    monkeypatch.setenv("CLEO_SERVING_RATE__STORAGE", "redis://127.0.0.1:1/0")
    assert check(ServingSettings)
    monkeypatch.setenv("CLEO_SERVING_RATE__STORAGE", "redis//:pa55word@host")
    with pytest.raises(ConfigError, match="RATE__STORAGE cannot be used") as refused:
        check(ServingSettings)
    assert "pa55word" not in refused.value.message
