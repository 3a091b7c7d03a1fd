"""No secret and nothing that a user wrote reaches a log line; metrics are made once."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cleo_core import telemetry
from cleo_core.redact import LIMIT, redact

pytestmark = pytest.mark.unit


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    telemetry.configure_logging(stream, level="DEBUG")
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def _last(stream: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return found


def test_a_line_is_json_with_level_time_and_name(lines: io.StringIO) -> None:
    telemetry.get_logger("cleo.test").info("model loaded", version=3)
    told = _last(lines)
    assert (told["event"], told["version"], told["level"], told["logger"]) == ("model loaded", 3, "info", "cleo.test")
    assert told["timestamp"].endswith("Z")


SECRETS = {
    "password": {"password": "hunter2x"},
    "nested": {"request": {"headers": {"Authorization": "hunter2x"}}},
    "in a list": {"items": [{"api_key": "hunter2x"}]},
    "bearer": {"note": "Authorization: Bearer hunter2xhunter2x"},
    "a token": {"note": "got eyJhunter2x.eyJhunter2x.hunter2x"},
    "an address with a password": {"url": "postgres://cleo:hunter2x@db/cleo"},
    "a private key": {"note": "-----BEGIN PRIVATE KEY-----\nhunter2x\n-----END PRIVATE KEY-----"},
    "a mail address": {"note": "from hunter2x@example.org"},
    "a session cookie": {"set_cookie": "hunter2x"},
    "deep": {"a": {"b": {"c": {"d": {"e": {"f": {"g": "hunter2x"}}}}}}},
}


@pytest.mark.parametrize("what", SECRETS)
def test_a_secret_does_not_reach_a_line(lines: io.StringIO, what: str) -> None:
    telemetry.get_logger("cleo.test").warning("something", kept="plain words", **SECRETS[what])
    assert "hunter2x" not in lines.getvalue()
    assert _last(lines)["kept"] == "plain words"


@pytest.mark.parametrize("secret", ["Bearer hunter2xhunter2x", "redis://:hunter2x@host/0"])
def test_a_secret_in_a_librarys_own_line_does_not_either(lines: io.StringIO, secret: str) -> None:
    logging.getLogger("library").error("failed with %s after %d tries", secret, 3)
    assert "hunter2x" not in lines.getvalue()
    assert _last(lines)["event"].endswith("after 3 tries")


def test_a_secret_in_a_stack_trace_does_not_either(lines: io.StringIO) -> None:
    try:
        raise ValueError("connect to mongodb://cleo:hunter2x@db failed")
    except ValueError:
        telemetry.get_logger("cleo.test").exception("could not connect")
    assert "hunter2x" not in lines.getvalue()
    assert "ValueError" in _last(lines)["exception"]


@pytest.mark.parametrize("field", sorted(telemetry.TEXT))
def test_what_a_user_wrote_shows_at_debug_only(lines: io.StringIO, field: str) -> None:
    logger = telemetry.get_logger("cleo.test")
    logger.info("asked", **{field: "my own words"})
    assert _last(lines)[field] == "[12 characters]"
    logger.debug("asked", **{field: "my own words"})
    assert _last(lines)[field] == "my own words"


def test_counts_of_tokens_are_no_secret() -> None:
    assert redact({"tokens": 12, "tokenizer": "x", "token": "y"}) == {
        "tokens": 12, "tokenizer": "x", "token": "[hidden]",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no answer from ann:s3cr$t@localhost", "no answer from [hidden]@localhost"),
        ("postgres ann:p:w@db.example.org:5432 is away", "postgres [hidden]@db.example.org:5432 is away"),
        ("write to mailto:ann@example.org", "write to mailto:[address]"),
        ("at 12:30: ask ann@work", "at 12:30: ask ann@work"),
    ],
)
def test_a_user_and_password_before_a_host_are_hidden_without_a_scheme_too(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_a_long_line_takes_no_time() -> None:
    """One word of 100,000 letters took 47 s: each letter was tried as the beginning of a URL."""
    began = time.process_time()
    for text in ("a" * 100_000, "a:" * 50_000, f"{'a' * 50_000}:{'b' * 50_000}", ":@" * 50_000):
        redact(text)
    assert time.process_time() - began < 5


def test_values_of_any_kind_are_shown_short() -> None:
    assert redact({"a": (1, 2.5, None, True)}) == {"a": [1, 2.5, None, True]}
    assert redact(ValueError("plain")) == "plain"
    assert len(redact("x " * 5000)) == LIMIT + 1


def test_lines_carry_the_request_while_it_is_served(lines: io.StringIO) -> None:
    logger = telemetry.get_logger("cleo.test")
    with telemetry.request("client-given-id") as known:
        assert known == telemetry.request_id() == "client-given-id"
        logger.info("inside")
    assert _last(lines)["request_id"] == "client-given-id"
    logger.info("outside")
    assert "request_id" not in _last(lines)


@pytest.mark.parametrize("given", [None, "", "short", "x" * 65, 'evil"\n{"level": "error"}', "a b c d e f g h"])
def test_a_request_id_that_is_none_is_replaced(given: str | None) -> None:
    with telemetry.request(given) as known:
        assert known != given
        assert len(known) == 32


def test_a_metric_is_made_once_and_shown() -> None:
    telemetry.counter("cleo_test_events_total", "Events.", ["kind"]).labels("a").inc()
    telemetry.counter("cleo_test_events_total", "Events.", ["kind"]).labels("a").inc()
    telemetry.gauge("cleo_test_size", "Size.").set(3)
    telemetry.histogram("cleo_test_seconds", "Seconds.", buckets=[1, 2]).observe(1.5)
    telemetry.histogram("cleo_test_seconds", "Seconds.").observe(0.5)
    told = telemetry.metrics_text().decode()
    assert 'cleo_test_events_total{kind="a"} 2.0' in told
    assert "cleo_test_size 3.0" in told
    assert 'cleo_test_seconds_bucket{le="2.0"} 2.0' in told
    assert "_created" not in told


def test_a_name_that_is_taken_by_another_kind_is_refused() -> None:
    telemetry.counter("cleo_test_taken_total", "Taken.")
    with pytest.raises(ValueError, match="Duplicated"):
        telemetry.gauge("cleo_test_taken_total", "Taken.")
