"""The tokenizer of a model as a GGUF holds it: tokens, merges, special tokens, chat template.

Covered are byte-level BPE tokenizers whose rule for cutting text into words llama.cpp knows by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleo_core.errors import UnusableModel
from cleo_model.errors import UnsupportedArchitecture

if TYPE_CHECKING:
    from gguf import GGUFWriter

LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


class TokenType(IntEnum):
    """What a token is, as llama.cpp numbers it."""

    NORMAL = 1
    CONTROL = 3
    """Written by a template, never by a user's text."""
    USER_DEFINED = 4
    UNUSED = 5


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A byte-level BPE tokenizer."""

    words: str
    """llama.cpp's name for the rule that cuts text into words."""
    tokens: Sequence[str]
    types: Sequence[TokenType]
    merges: Sequence[str]
    special: Mapping[str, int]
    """`bos`, `eos`, `pad`, `unk`, as far as there are any."""
    add_bos: bool
    template: str

    @classmethod
    def of(cls, folder: Path, size: int) -> Vocabulary:
        """The tokenizer of a model folder, for an embedding of `size` rows.

        Raises:
            UnsupportedArchitecture: names what of it llama.cpp would read otherwise.
            UnusableModel: there is none, or it has more tokens than the embedding has rows.
        """
        from transformers import AutoTokenizer

        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            known = json.loads(tokenizer.backend_tokenizer.to_str())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnusableModel(f"The tokenizer cannot be read: {str(error).splitlines()[0][:200]}") from None
        words = word_rule(known)
        tokens = [f"[PAD{index}]" for index in range(size)]
        types = [TokenType.UNUSED] * size
        added = {each["id"]: each for each in known["added_tokens"]}
        for text, index in [*known["model"]["vocab"].items(), *((each["content"], id_) for id_, each in added.items())]:
            if index >= size:
                raise UnusableModel(f"The tokenizer has a token {index}, the model only {size}.")
            tokens[index] = text
            types[index] = TokenType.NORMAL
        for index, each in added.items():
            types[index] = TokenType.CONTROL if each["special"] else TokenType.USER_DEFINED
        special = {name: getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad", "unk")}
        return cls(
            words=words,
            tokens=tokens,
            types=types,
            merges=[each if isinstance(each, str) else " ".join(each) for each in known["model"]["merges"]],
            special={name: index for name, index in special.items() if index is not None},
            add_bos=_begins(tokenizer),
            template=tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else "",
        )

    def describe(self, writer: GGUFWriter) -> None:
        """Write it into a file's header."""
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(self.words)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        writer.add_token_merges(self.merges)
        for name, index in self.special.items():
            getattr(writer, f"add_{name}_token_id")(index)
        writer.add_add_bos_token(self.add_bos)
        if self.template:
            writer.add_chat_template(self.template)


def word_rule(tokenizer: Mapping[str, Any]) -> str:
    """llama.cpp's name for the rule by which a tokenizer.json cuts text into words.

    Raises:
        UnsupportedArchitecture: it has no name for it, or the tokenizer is no byte-level BPE.
    """
    model, cut = tokenizer["model"], tokenizer.get("pre_tokenizer") or {}
    if model["type"] != "BPE" or model.get("byte_fallback") or tokenizer.get("normalizer"):
        raise UnsupportedArchitecture(
            f"Its tokenizer ({model['type']}{', SentencePiece' if model.get('byte_fallback') else ''}) is not covered.",
            hint="Covered are byte-level BPE tokenizers, such as those of SmolLM2, GPT-2 and Llama 3.",
        )
    steps = tuple(_step(each) for each in cut.get("pretokenizers", [cut]))
    rules = {
        ("bytes by words",): "gpt-2",
        ("digits", "bytes by words"): "smollm",
        (LLAMA_3, "bytes"): "llama-bpe",
    }
    name = rules.get(steps)
    # Only with llama-bpe does llama.cpp take a word that is a token as it is, without its merges.
    if name is None or bool(model.get("ignore_merges")) != (name == "llama-bpe"):
        told = " then ".join(each[:60] for each in steps)
        raise UnsupportedArchitecture(f"Its tokenizer cuts words by a rule that llama.cpp has no name for: {told}.")
    return name


def _step(cut: Mapping[str, Any]) -> str:
    if cut.get("type") == "ByteLevel" and not cut.get("add_prefix_space"):
        return "bytes by words" if cut.get("use_regex", True) else "bytes"
    if cut.get("type") == "Digits" and cut.get("individual_digits"):
        return "digits"
    if cut.get("type") == "Split" and cut.get("behavior") == "Isolated" and not cut.get("invert"):
        return str(cut["pattern"].get("Regex", ""))
    return str(cut.get("type", "none"))


def _begins(tokenizer: Any) -> bool:
    """Whether it puts a token before each text."""
    ids, bare = tokenizer("a").input_ids, tokenizer("a", add_special_tokens=False).input_ids
    if ids == bare:
        return False
    if ids == [tokenizer.bos_token_id, *bare]:
        return True
    raise UnsupportedArchitecture(
        "Its tokenizer puts more than the beginning-of-sequence token around a text.",
        hint="llama.cpp would not; give a tokenizer with a plain template.",
    )
