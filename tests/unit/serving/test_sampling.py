"""Parameters of a reply are checked where they come in, and a refusal names the parameter as its caller wrote it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cleo_core.errors import ConfigError, InputError
from cleo_core.settings import load
from cleo_serving.api.graphql.inputs import question
from cleo_serving.api.graphql.types.chat import AskInput
from cleo_serving.chat.sampling import sampling_of
from cleo_serving.engine.base import Sampling
from cleo_serving.settings import PromptSettings, ServingSettings

pytestmark = pytest.mark.unit

SETTINGS = PromptSettings()
WRONG: list[tuple[str, Any]] = [
    ("temperature", 2.1), ("temperature", math.nan), ("temperature", -0.1), ("top_p", 0.0), ("top_p", 1.1),
    ("top_p", math.inf), ("top_k", -1), ("top_k", 1.5), ("min_p", math.nan), ("min_p", 1.01),
    ("repetition_penalty", 0.0), ("repetition_penalty", 3.0), ("presence_penalty", -3.0),
    ("frequency_penalty", math.nan), ("seed", -1), ("seed", 2**32), ("seed", True), ("max_tokens", 0),
]  # fmt: skip
RIGHT: dict[str, Any] = {
    "temperature": 0, "top_p": 1.0, "top_k": 0, "min_p": 1, "repetition_penalty": 0.5, "presence_penalty": -2,
    "frequency_penalty": 2, "seed": 2**32 - 1, "max_tokens": 1, "stop": ("\n\n", "END"),
    "json_schema": '{"type": "object"}',
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"^{name} must be"):
        Sampling(**{name: value})


def test_the_ends_of_each_range_are_in_it() -> None:
    assert Sampling(**RIGHT).asked() >= {"seed", "stop", "json_schema", "min_p"}
    assert Sampling().asked() == frozenset()


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("no", "is not JSON"),
        ("[]", "must be a JSON object"),
        ('{"type": "nonsense"}', "is no JSON schema"),
        ('{"$ref": "http://169.254.169.254/x"}', "another document"),
        ("[" * 10_000, "is not JSON"),
        (" " * 20_000, "characters"),
    ],
)
def test_a_schema_that_is_none_is_refused(schema: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Sampling(json_schema=schema)
    inner = '{"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}'
    assert Sampling(json_schema=inner).json_schema == inner


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"top_p": 2.0}, "topP must be over 0"),
        ({"min_p": math.nan}, "minP must be 0 to 1"),
        ({"repetition_penalty": 0.1}, "repetitionPenalty must be 0.5 to 2"),
        ({"seed": -4}, "seed must be a whole number"),
        ({"stop": ["a"] * 9}, "stop holds 9"),
        ({"stop": [""]}, "0 characters"),
        ({"json_schema": "{"}, "jsonSchema is not JSON"),
        ({"max_tokens": 100_000}, "maxTokens must be 1 to 256"),
    ],
)
def test_a_client_reads_its_own_names(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        question(AskInput(text="x", **given), SETTINGS)
    assert message in refused.value.message


def test_what_a_client_leaves_out_is_as_the_settings_say() -> None:
    asked = question(AskInput(text="x", top_p=0.5, stop=["END"], seed=3), SETTINGS)
    sampling = sampling_of(asked, SETTINGS.model_copy(update={"min_p": 0.1}), 20)
    assert sampling == Sampling(
        temperature=SETTINGS.temperature, top_p=0.5, top_k=SETTINGS.top_k, min_p=0.1, max_tokens=20, seed=3,
        stop=("END",), repetition_penalty=SETTINGS.repetition_penalty,
    )  # fmt: skip
    assert 1 < SETTINGS.repetition_penalty < 1.2, "gentle, by default"
    assert sampling_of(question(AskInput(text="x", temperature=0.0), SETTINGS), SETTINGS, 1).temperature == 0


def test_the_engine_is_chosen_by_one_word_beside_its_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(ServingSettings).engine.name == "auto"
    monkeypatch.setenv("CLEO_SERVING_ENGINE", "llamacpp")
    monkeypatch.setenv("CLEO_SERVING_ENGINE__THREADS", "3")
    engine = load(ServingSettings).engine
    assert (engine.name, engine.threads) == ("llamacpp", 3)
    monkeypatch.setenv("CLEO_SERVING_ENGINE", '{"name": "transformers", "max_streams": 2}')
    engine = load(ServingSettings).engine
    assert (engine.name, engine.threads, engine.max_streams) == ("transformers", 3, 2)
    monkeypatch.setenv("CLEO_SERVING_ENGINE", "llama")
    with pytest.raises(ConfigError, match="CLEO_SERVING_ENGINE__NAME is 'llama'"):
        load(ServingSettings)
