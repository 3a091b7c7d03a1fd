"""Generated conversations: questions about the documentation, small talk, and a user who is remembered.

All is drawn from a seed, so the same documentation gives the same conversations.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cleo_model.corpus.documentation import Entry, entries
from cleo_model.corpus.readers import Item

__all__ = ["explain", "questions", "small_talk"]

VERBS = frozenset(
    [
        "accept",
        "add",
        "adjust",
        "allow",
        "append",
        "apply",
        "assign",
        "attach",
        "break",
        "build",
        "calculate",
        "call",
        "cancel",
        "capture",
        "change",
        "check",
        "clear",
        "close",
        "combine",
        "compare",
        "compile",
        "compute",
        "concatenate",
        "connect",
        "construct",
        "consume",
        "convert",
        "copy",
        "count",
        "create",
        "decode",
        "decompress",
        "decorate",
        "decrement",
        "delete",
        "detach",
        "determine",
        "disable",
        "discard",
        "dispatch",
        "display",
        "divide",
        "drop",
        "dump",
        "emit",
        "empty",
        "enable",
        "encode",
        "ensure",
        "enter",
        "escape",
        "estimate",
        "evaluate",
        "execute",
        "exit",
        "expand",
        "extend",
        "extract",
        "fetch",
        "fill",
        "filter",
        "find",
        "flatten",
        "flush",
        "force",
        "format",
        "forward",
        "generate",
        "get",
        "give",
        "handle",
        "hash",
        "identify",
        "ignore",
        "import",
        "increment",
        "indicate",
        "infer",
        "initialize",
        "insert",
        "inspect",
        "install",
        "intersect",
        "invert",
        "invoke",
        "iterate",
        "join",
        "keep",
        "limit",
        "list",
        "load",
        "locate",
        "lock",
        "log",
        "look",
        "make",
        "map",
        "mark",
        "match",
        "measure",
        "merge",
        "modify",
        "move",
        "multiply",
        "normalize",
        "notify",
        "obtain",
        "open",
        "override",
        "pack",
        "parse",
        "partition",
        "pass",
        "perform",
        "pop",
        "prepare",
        "prevent",
        "print",
        "process",
        "produce",
        "provide",
        "push",
        "put",
        "quote",
        "raise",
        "read",
        "receive",
        "record",
        "reduce",
        "register",
        "reject",
        "release",
        "reload",
        "remove",
        "rename",
        "render",
        "repeat",
        "replace",
        "report",
        "represent",
        "request",
        "require",
        "reset",
        "resize",
        "resolve",
        "restore",
        "retrieve",
        "return",
        "reverse",
        "rotate",
        "round",
        "run",
        "save",
        "schedule",
        "search",
        "select",
        "send",
        "separate",
        "serialize",
        "set",
        "shift",
        "show",
        "shuffle",
        "shut",
        "sign",
        "simulate",
        "skip",
        "sleep",
        "sort",
        "specify",
        "split",
        "start",
        "stop",
        "store",
        "strip",
        "subscribe",
        "subtract",
        "suspend",
        "swap",
        "take",
        "terminate",
        "test",
        "transfer",
        "transform",
        "translate",
        "transpose",
        "trigger",
        "truncate",
        "try",
        "turn",
        "unlock",
        "unpack",
        "unquote",
        "unregister",
        "update",
        "use",
        "validate",
        "verify",
        "wait",
        "walk",
        "warn",
        "wrap",
        "write",
        "yield",
    ]
)
ABBREVIATED = re.compile(r"\b(e\.g|i\.e|etc|vs|cf|approx|incl)\.$", re.IGNORECASE)
# Leftovers of markup and examples that do not read as a sentence.
UNCLEAR = re.compile(r">>>|::|\.\. |\\|\[\d+\]_|\n|\{|->|==|\|")

WHAT = (
    "What does {0} do?", "Can you tell me what {0} does?", "What is {0} for?", "Explain {0} in one sentence.",
    "In Python, what does {0} do?", "I keep seeing {0} in code. What does it do?", "What happens when I call {0}?",
    "Could you explain {0} to me?", "I want to understand {0}. Can you help?", "What would I use {0} for?",
)  # fmt: skip
WHAT_IS = (
    "What is {0}?", "Can you tell me what {0} is?", "Explain {0} in one sentence.", "I came across {0}. What is it?",
    "What is {0} in Python?", "Could you explain {0} to me?",
)  # fmt: skip
HOW = (
    "How can I {0} in Python?", "Which function should I use to {0}?", "How do I {0}?", "I want to {0}. What should I use?",
    "What is the Python way to {0}?",
)  # fmt: skip
WHERE = ("Which module is it in?", "Where do I find it?", "What do I have to import for it?")
ARGUMENTS = ("What arguments does it take?", "Which parameters does it have?", "What do I pass to it?")
THANKS = (
    ("Thank you!", "You are welcome!"), ("Thanks, that helps.", "Glad I could help."),
    ("Great, thanks.", "My pleasure. Ask me whenever you like."), ("Perfect.", "Good luck with your code!"),
)  # fmt: skip


def questions(chance: random.Random) -> Iterator[Item]:
    """Questions about documented things, each thing once, answered from its own documentation."""
    for entry in entries():
        if answer := explain(entry):
            messages = _ask(entry, answer, chance)
            _follow_up(entry, messages, chance)
            yield Item(f"question:{entry.part}:{entry.name}", messages=messages, group=entry.name)


def small_talk(chance: random.Random) -> Iterator[Item]:
    """Every pair of ways to ask and to answer once."""
    for number, (ask, answer) in enumerate(_talk()):
        for place, line in enumerate(ask):
            messages = [_user(line), _assistant(chance.choice(answer))]
            yield Item(f"talk:{number}:{place}", messages=messages, group=f"talk:{number}")


@cache
def _talk() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    import yaml

    text = (Path(__file__).parent / "data" / "small_talk.yaml").read_text(encoding="utf-8")
    return tuple((tuple(pair["ask"]), tuple(pair["answer"])) for pair in yaml.safe_load(text))


def explain(entry: Entry) -> str | None:
    """One or two sentences that answer what the thing is or does; None where its documentation does not begin with one."""
    if entry.kind in ("topic", "module") or entry.name.count(".") > 3:
        return None  # a name of many parts is seldom one that people ask about
    sentences = _sentences(entry.text)
    if not sentences or not 20 <= len(sentences[0]) <= 240:
        return None
    first, _, rest = sentences[0].partition(" ")
    name = f"`{entry.name}`"
    if _third(first.lower()) and rest:
        answer = f"{name} {_third(first.lower())} {rest}"
    elif first.lower().endswith("s") and _base(first.lower()) and rest:
        answer = f"{name} {first.lower()} {rest}"
    elif first in ("A", "An", "The") and entry.kind == "class":
        answer = f"{name} is {first.lower()} {rest}"
    else:
        return None
    if len(sentences) > 1 and 20 <= len(sentences[1]) <= 160 and len(answer) < 160:
        answer += f" {sentences[1]}"
    return answer


def _sentences(text: str) -> list[str]:
    paragraph = text.strip().split("\n\n")[0]
    found, start = [], 0
    for match in re.finditer(r"[.!?](?=\s|$)", paragraph):
        if not ABBREVIATED.search(paragraph[: match.end()]):
            sentence = paragraph[start : match.end()].strip()
            if UNCLEAR.search(sentence) or not sentence[:1].isupper():
                break
            found.append(sentence)
            start = match.end()
    return found


def _third(verb: str) -> str | None:
    if verb not in VERBS:
        return None
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2] not in "aeiou" else f"{verb}s"


def _base(verb: str) -> str | None:
    return next((base for base in (verb[:-1], verb[:-2], f"{verb[:-3]}y") if _third(base) == verb), None)


def _ask(entry: Entry, answer: str, chance: random.Random) -> list[dict[str, str]]:
    name, verb, rest = answer.split(" ", 2)
    base = _base(verb)
    purpose = rest.split(". ")[0].rstrip(".")
    shown = entry.name if chance.random() < 0.7 else f"`{entry.name}`"
    if base and entry.kind == "function" and len(purpose) < 90 and chance.random() < 0.3:
        return [_user(chance.choice(HOW).format(f"{base} {purpose}")), _assistant(f"Use {name}. It {verb} {rest}")]
    return [_user(chance.choice(WHAT_IS if verb == "is" else WHAT).format(shown)), _assistant(answer)]


def _follow_up(entry: Entry, messages: list[dict[str, str]], chance: random.Random) -> None:
    draw = chance.random()
    if draw < 0.15 and 0 < len(entry.parameters) <= 6:
        messages += [_user(chance.choice(ARGUMENTS)), _assistant(_parameters(entry))]
    elif draw < 0.25 and entry.module:
        module = entry.module
        where = (
            "It is built in, so you do not have to import anything."
            if module == "builtins"
            else f"It is in `{module}`, so write `import {module}` first."
        )
        messages += [_user(chance.choice(WHERE)), _assistant(where)]
    if chance.random() < 0.1:
        thanks, welcome = chance.choice(THANKS)
        messages += [_user(thanks), _assistant(welcome)]


def _parameters(entry: Entry) -> str:
    needed = [f"`{p}`" for p in entry.parameters if " (default" not in p]
    optional = [
        "`{}` (default `{}`)".format(*p.removesuffix(")").split(" (default ", 1))
        for p in entry.parameters
        if "(default" in p
    ]
    if needed and optional:
        return f"It takes {_list(needed)} and, if you like, {_list(optional)}."
    return f"It takes {_list(needed)}." if needed else f"All are optional: {_list(optional)}."


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def _assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}
