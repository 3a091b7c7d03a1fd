"""The parameters of a reply: what the client gave, else what the settings say."""

from __future__ import annotations

from typing import Any

from cleo_serving.chat.events import Question
from cleo_serving.engine.base import Sampling
from cleo_serving.settings import PromptSettings

DEFAULTS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty")


def sampling_of(question: Question, settings: PromptSettings, max_tokens: int) -> Sampling:
    """How the reply to a question is made.

    Args:
        max_tokens: room that the prompt left.
    """
    given: dict[str, Any] = {name: getattr(settings, name) for name in DEFAULTS} | dict(question.sampling)
    if question.temperature is not None:
        given["temperature"] = question.temperature
    return Sampling(**given, max_tokens=max_tokens)
