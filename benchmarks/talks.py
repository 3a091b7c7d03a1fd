"""Talks with the assistant: the file they come in, and the real API that they are held through."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cleo_core.errors import EnvironmentFault, InputError
from cleo_core.settings import load
from cleo_serving.app import create_app
from cleo_serving.identity.tokens import make_token
from cleo_serving.services import Services, open_services
from cleo_serving.settings import RateSettings, ServingSettings

TOKENS = 48
ASK = "mutation($i: AskInput!) { ask(input: $i) { text conversationId } }"
REMEMBER = "mutation($i: RememberInput!) { remember(input: $i) { id } }"


def fold(text: str) -> str:
    """Case and accents taken away."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


def holds(text: str, values: Sequence[str]) -> bool:
    """Whether a text holds one of some values, case and accents folded."""
    folded = " ".join(fold(text.replace("’", "'")).split())
    return any(" ".join(fold(value.replace("’", "'")).split()) in folded for value in values)


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Question(_Read):
    ask: str = Field(min_length=1)
    accept: tuple[str, ...] = Field(min_length=1)
    reject: tuple[str, ...] = ()
    category: str = "fact"

    def is_right(self, reply: str) -> bool:
        """Whether a reply holds an accepted text and no rejected one."""
        return holds(reply, self.accept) and not holds(reply, self.reject)


class _Fact(_Read):
    value: str = Field(min_length=1)


class _Talk(_Read):
    id: str
    sessions: tuple[tuple[str, ...], ...]
    facts: tuple[_Fact, ...] = ()
    questions: tuple[Question, ...] = ()


class _File(_Read):
    talks: tuple[_Talk, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Talk:
    id: str
    sessions: tuple[tuple[str, ...], ...]
    facts: tuple[str, ...]
    """Their values."""
    questions: tuple[Question, ...]

    @property
    def messages(self) -> list[str]:
        return [message for session in self.sessions for message in session]

    def message_with(self, question: Question) -> str | None:
        """The one message with the answer: the last that holds an accepted text."""
        return next((message for message in reversed(self.messages) if holds(message, question.accept)), None)


def read(path: Path) -> list[Talk]:
    """Talks of a JSON or YAML file. Raises: InputError names what is wrong with it."""
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({type(error).__name__}).") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path} is no file of talks: {place}: {first['msg']}.", hint="See benchmarks/README.md."
        ) from None
    return [
        Talk(each.id, each.sessions, tuple(fact.value for fact in each.facts), each.questions) for each in found.talks
    ]


@dataclass(frozen=True, slots=True)
class Learned:
    """A memory that was made of what was said."""

    key: str | None
    value: str
    content: str


class Client:
    """Speaks GraphQL with the API, as any user."""

    def __init__(self, http: httpx.AsyncClient, services: Services) -> None:
        self._http, self._services = http, services
        able = services.models.current.engine.capabilities
        self.engine = f"{able.name} {able.dtype} on {able.device}"

    async def ask(self, user: str, text: str, conversation: str | None = None) -> tuple[str, str]:
        """(the reply, its conversation), greedy."""
        given: dict[str, Any] = {"text": text, "maxTokens": TOKENS, "temperature": 0.0}
        if conversation is not None:
            given["conversationId"] = conversation
        told = (await self._send(user, ASK, given))["ask"]
        return told["text"], told["conversationId"]

    async def remember(self, user: str, text: str) -> None:
        await self._send(user, REMEMBER, {"content": text})

    async def learned(self, user: str) -> list[Learned]:
        """What was extracted of the user's messages and holds now."""
        await self._services.assistant.learning.settle()
        await self._services.memory.settle(user)
        return [
            Learned(record.key, record.provenance.get("value", record.content), record.content)
            for record in await self._services.memory.told(user)
            if record.provenance.get("source") == "formation"
        ]

    async def _send(self, user: str, query: str, given: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {make_token(user, seconds=86400)}"}
        body = {"query": query, "variables": {"i": given}}
        told = (await self._http.post("/graphql", json=body, headers=headers)).json()
        if told.get("errors"):
            raise EnvironmentFault(f"The API does not answer: {told['errors'][0]['message']}")
        return told["data"]


@asynccontextmanager
async def opened() -> AsyncGenerator[Client]:
    """The API as the settings make it, in this process, without its limits for one user."""
    rate = RateSettings(cost_per_minute=10**6, failures_per_minute=10**6)
    settings = load(ServingSettings).model_copy(update={"rate": rate})
    async with open_services(settings) as services:
        transport = httpx.ASGITransport(app=create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=3600) as http:
            yield Client(http, services)
