"""The tokenizer of a model as a GGUF holds it: tokens, merges, special tokens, chat template.

Covered are byte-level BPE tokenizers whose rule for cutting text into words llama.cpp knows by name (SmolLM2, GPT-2,
Llama 3, Qwen), and SentencePiece's BPE with bytes for what is not in the vocabulary (Llama 2, Mistral).
"""

from __future__ import annotations

import json
import re
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
QWEN_2 = LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")
BYTE = re.compile("<0x[0-9A-F]{2}>")


class TokenType(IntEnum):
    """What a token is, as llama.cpp numbers it."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    """Written by a template, never by a user's text."""
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6
    """One byte of a character that no other token holds."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A BPE tokenizer."""

    words: str
    """llama.cpp's name for the rule that cuts text into words; empty: SentencePiece, which does not cut."""
    tokens: Sequence[str]
    types: Sequence[TokenType]
    merges: Sequence[str]
    space_prefix: bool
    """SentencePiece: a space stands before each text, and after each control token."""
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
        sentencepiece = bool(known["model"].get("byte_fallback"))
        words = "" if sentencepiece else word_rule(known)
        tokens = [f"[PAD{index}]" for index in range(size)]
        types = [TokenType.UNUSED] * size
        added = {each["id"]: each for each in known["added_tokens"]}
        for text, index in [*known["model"]["vocab"].items(), *((each["content"], id_) for id_, each in added.items())]:
            if index >= size:
                raise UnusableModel(f"The tokenizer has a token {index}, the model only {size}.")
            tokens[index] = text
            types[index] = TokenType.BYTE if sentencepiece and BYTE.fullmatch(text) else TokenType.NORMAL
        for index, each in added.items():
            types[index] = TokenType.CONTROL if each["special"] else TokenType.USER_DEFINED
        if sentencepiece and (unknown := known["model"].get("unk_token")) in known["model"]["vocab"]:
            types[known["model"]["vocab"][unknown]] = TokenType.UNKNOWN
        special = {name: getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad", "unk")}
        return cls(
            words=words,
            tokens=tokens,
            types=types,
            merges=[each if isinstance(each, str) else " ".join(each) for each in known["model"]["merges"]],
            space_prefix=sentencepiece and prefixes(known),
            special={name: index for name, index in special.items() if index is not None},
            add_bos=_begins(tokenizer),
            template=tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else "",
        )

    def describe(self, writer: GGUFWriter) -> None:
        """Write it into a file's header."""
        writer.add_tokenizer_model("gpt2" if self.words else "llama")
        writer.add_tokenizer_pre(self.words or "default")
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        if self.words:
            writer.add_token_merges(self.merges)
        else:
            writer.add_token_scores(self.scores())
            writer.add_add_space_prefix(self.space_prefix)
        for name, index in self.special.items():
            getattr(writer, f"add_{name}_token_id")(index)
        writer.add_add_bos_token(self.add_bos)
        if self.template:
            writer.add_chat_template(self.template)

    def scores(self) -> list[float]:
        """Of every token: the earlier it is merged, the higher; SentencePiece merges by the result, not by the pair."""
        rank: dict[str, int] = {}
        for merge in self.merges:
            rank.setdefault(merge.replace(" ", ""), len(rank) + 1)
        return [-float(rank.get(token, 0)) for token in self.tokens]


def prefixes(tokenizer: Mapping[str, Any]) -> bool:
    """Whether a SentencePiece tokenizer puts a space before a text, and after each control token.

    Raises:
        UnsupportedArchitecture: it changes text in another way, or only does so at the very beginning.
    """
    norm, cut = tokenizer.get("normalizer") or {}, tokenizer.get("pre_tokenizer") or {}
    steps = norm.get("normalizers", [norm] if norm else [])
    told = [(step["type"], step.get("prepend") or step.get("pattern", {}).get("String")) for step in steps]
    if not cut and told in ([("Prepend", "▁"), ("Replace", " ")], [("Replace", " ")]):
        return len(told) > 1
    scheme = cut.get("prepend_scheme")
    if not steps and cut.get("type") == "Metaspace" and not cut.get("split", True) and scheme in ("always", "never"):
        return bool(scheme == "always")
    parts = [kind for kind, _ in told] + ([f"{cut.get('type')} ({scheme})"] if cut else [])
    raise UnsupportedArchitecture(f"Its tokenizer changes text in a way that llama.cpp does not: {', '.join(parts)}.")


def word_rule(tokenizer: Mapping[str, Any]) -> str:
    """llama.cpp's name for the rule by which a tokenizer.json cuts text into words.

    Raises:
        UnsupportedArchitecture: it has no name for it, or the tokenizer is no byte-level BPE.
    """
    model, cut = tokenizer["model"], tokenizer.get("pre_tokenizer") or {}
    normalizer = tokenizer.get("normalizer")
    # NFC, which Qwen has, is left to whoever sends text: llama.cpp takes it as it comes, and nearly all text is in NFC.
    if model["type"] != "BPE" or (normalizer and normalizer["type"] != "NFC"):
        changes = f" that changes text first ({normalizer['type']})" if normalizer else ""
        raise UnsupportedArchitecture(
            f"Its tokenizer is a {model['type']}{changes}, which is not covered.",
            hint="Covered are BPE tokenizers, such as those of SmolLM2, Llama and Mistral.",
        )
    steps = tuple(_step(each) for each in cut.get("pretokenizers", [cut]))
    rules = {
        ("bytes by words",): "gpt-2",
        (QWEN_2, "bytes"): "qwen2",
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
