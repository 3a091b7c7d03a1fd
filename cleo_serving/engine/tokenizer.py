"""The tokenizer and chat template of a model folder, read without torch: the API's own process needs no more.

transformers reads the same files, but takes 250 MB and twelve seconds for it on two busy cores; the `tokenizers`
library that does its work takes 60 MB and one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cleo_serving.errors import UnsupportedModel

# Ends of a turn beside the tokenizer's own end-of-sequence token.
TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<|end|>")
# A template for models that bring none: plain, and its markers are neutralised in user text like any other.
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)


class FolderTokenizer:
    """`tokenizer.json`, `tokenizer_config.json` and `chat_template.jinja` of a folder.

    Raises:
        UnsupportedModel: there is no tokenizer.json, or one of them cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise UnsupportedModel(
                f"{folder.name} holds no tokenizer.json.",
                hint="Save the tokenizer with transformers: AutoTokenizer.from_pretrained(…).save_pretrained(FOLDER).",
            )
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
            self._config = _read_config(folder / "tokenizer_config.json")
        except Exception as error:  # the library raises plain Exception for a file that it cannot read
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise UnsupportedModel(
                f"The tokenizer of {folder.name} cannot be loaded: {reason}", hint="Check that it was written whole."
            ) from None
        # Padding and truncation are a training's; a prompt is neither padded nor cut.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._template = _template(folder, self._config)
        named = {
            name: _content(self._config.get(name)) for name in ("bos_token", "eos_token", "unk_token", "pad_token")
        }
        self._named = {name: token for name, token in named.items() if token is not None}
        added = self._tokenizer.get_added_tokens_decoder().values()
        marks = {token.content for token in added if token.special} | set(self._named.values())
        found = {token: self._tokenizer.token_to_id(token) for token in marks}
        self.special: Mapping[str, int] = {token: number for token, number in found.items() if number is not None}
        """Control tokens and their ids."""

    @property
    def end_tokens(self) -> list[int]:
        """Ids that end a reply."""
        names = {self._named.get("eos_token"), *TURN_ENDS}
        numbers = (self._tokenizer.token_to_id(name) for name in names if name is not None)
        return sorted({number for number in numbers if number is not None})

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Iterable[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))

    def render(self, turns: Sequence[Mapping[str, str]]) -> str:
        """The conversation as the chat template writes it, up to the place where the reply begins.

        Raises:
            UnsupportedModel: the template does not take such a conversation.
        """
        from jinja2 import TemplateError

        try:
            return str(self._template.render(messages=list(turns), add_generation_prompt=True, **self._named))
        except TemplateError as error:
            raise UnsupportedModel(f"The chat template refuses the conversation: {str(error)[:200]}") from None


def _read_config(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not isinstance(value, dict):
        raise ValueError("tokenizer_config.json holds no object")
    return value


def _content(token: object) -> str | None:
    """A token's text: written as it is, or as an object with its options."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else None


def _template(folder: Path, config: Mapping[str, Any]) -> Any:
    from jinja2 import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    path, given = folder / "chat_template.jinja", config.get("chat_template")
    if isinstance(given, list):  # several by name, in older folders
        given = next((each.get("template") for each in given if each.get("name") == "default"), None)
    source = path.read_text(encoding="utf-8") if path.is_file() else given or PLAIN_TEMPLATE
    # The template comes with the model: sandboxed, and with the names that templates of this kind expect.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
    try:
        return environment.from_string(str(source))
    except TemplateError as error:
        raise UnsupportedModel(f"The chat template cannot be read: {str(error)[:200]}") from None


def _refuse(message: str) -> None:
    from jinja2 import TemplateError

    raise TemplateError(message)
