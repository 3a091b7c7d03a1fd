"""The extractor that needs no model: rules of each language over the clauses of a turn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from cleo_memory.formation.commands import reply_preference
from cleo_memory.formation.dates import began
from cleo_memory.formation.grammar import VALUES, Language, Rule, fold, slug
from cleo_memory.formation.languages import LANGUAGES
from cleo_memory.formation.sentences import Sentence, own_words, sentences
from cleo_memory.formation.values import Ending, Extraction, Fact, Turn
from cleo_memory.records import Kind

ONE_OF_MINE = re.compile(r"(?:pets|family)\.[^\W\d_]+")
PREFERENCES = ("like.", "dislike.", "favourite.", "reply.")
LONGEST = 320
"""Characters of a clause that are read."""
MOST = 12
"""Facts of one turn: more is a list that was pasted."""
TRANSCRIPT = re.compile(
    r"^\[\d+\] |^(?!(?:update|note|ps|fyi|btw|also|hinweis|info)\b)[^\W\d_][\w.]{1,20}:\s", re.IGNORECASE
)
JOKE = re.compile(
    r"\b(?:just kidding|kidding|joking|jk|kleiner scherz|nur spaß|je plaisante|je rigole|es broma|grapje|scherzo"
    r"|brincadeira)\b[.!) ]*$",
    re.IGNORECASE,
)
TASK = re.compile(
    r":\s*$|^(?:translate|summari[sz]e|rewrite|correct|übersetze|traduis|traduce|vertaal|traduci|traduz)\b",
    re.IGNORECASE,
)


class RuleExtractor:
    """Finds what a user tells of themselves: in the first person, as a fact, in one of the languages with rules.

    What is asked, supposed, wished, reported of others or quoted is none; nor is what the clause only touches on.
    """

    def __init__(self, languages: Sequence[Language] = LANGUAGES) -> None:
        self._languages = languages

    async def extract(self, turn: Turn) -> Extraction:
        return self.read(turn)

    def read(self, turn: Turn) -> Extraction:
        """The same, at once."""
        facts: dict[str, Fact] = {}
        endings: dict[str, Ending] = {}
        words = own_words(turn.text)
        loose = not any(sign.isupper() for sign in re.sub(r"\bI\b|^.|(?<=[.!?]\s).", "", words))
        spoken_of: list[str] = []
        for sentence in sentences(words):
            if TASK.search(sentence.text):
                break  # what follows is what the task is about
            if sentence.asks or TRANSCRIPT.match(sentence.text) or JOKE.search(sentence.text):
                continue
            if wish := reply_preference(sentence.text):
                slot, value = wish
                facts[slot] = Fact(slot=slot, value=value, content=sentence.text, kind=Kind.PREFERENCE)
                continue
            before = frozenset(facts)
            for found in self._of_sentence(sentence, turn, loose=loose):
                if isinstance(found, Ending):
                    endings.setdefault(found.slot, found)
                else:
                    facts[found.slot] = found  # the last word of a turn on a slot is the one that counts
            self._name_later(sentence, facts, spoken_of, loose=loose)
            spoken_of = [slot for slot in facts if slot not in before]
        ends = tuple(each for each in endings.values() if each.slot not in facts)
        return Extraction(tuple(facts.values())[:MOST], ends)

    def _name_later(self, sentence: Sentence, facts: dict[str, Fact], spoken_of: Sequence[str], *, loose: bool) -> None:
        """ "We have a dog. Her name is Bo.": the name is that of the animal or relative just spoken of."""
        near = [fact for slot, fact in facts.items() if slot in spoken_of or fact.content.strip(" .") in sentence.text]
        mine = [fact for fact in near if ONE_OF_MINE.fullmatch(fact.slot)]
        for language in self._languages if mine else ():
            found = language.named_later.search(sentence.text)
            name = language.cut("name", found["name"], loose=loose) if found else None
            if name is not None:
                named = facts.pop(mine[-1].slot)
                inside = named.content.strip(" .") in sentence.text
                content = sentence.text if inside else f"{named.content} {sentence.text}"
                slot = f"{named.slot.partition('.')[2]}.name"
                facts[slot] = Fact(slot=slot, value=name, content=content)
                return

    def _of_sentence(self, sentence: Sentence, turn: Turn, *, loose: bool) -> Iterator[Fact | Ending]:
        for language in self._languages:
            if not language.guards["mine"].search(sentence.text):
                continue
            found = [self._of_clause(language, each, turn, loose) for each in clauses(language, sentence.text)]
            if any(found):
                yield from chain.from_iterable(found)
                return

    def _of_clause(self, language: Language, clause: Clause, turn: Turn, loose: bool) -> list[Fact | Ending]:
        found: list[Fact | Ending] = []
        taken: set[str] = set()
        spans: list[tuple[int, int]] = []
        for rule in language.compiled:
            match = rule.pattern.search(clause.text)
            if match is None or clause.guarded(match.start()):
                continue
            read = _read(language, rule, match, loose=loose)
            if read is None:
                continue
            slot, value, span = read
            # One stretch of words is one fact: what the first rule has read, no later one reads again.
            if slot.partition(".")[0] in taken or any(start < span[1] and span[0] < end for start, end in spans):
                continue
            taken.add(slot.partition(".")[0])
            spans.append(span)
            if rule.ends:
                found.append(Ending(slot, value))
                continue
            fact = Fact(
                slot=slot,
                value=value or "",
                content=clause.content,
                kind=Kind.PREFERENCE if slot.startswith(PREFERENCES) else Kind.EPISODIC,
                since=began(clause.text, turn.at) if rule.event else None,
            )
            found.append(fact)
        return found


def is_secret(text: str) -> bool:
    """Whether a text names a password, a PIN or the like in any language: that is kept only when it is asked for."""
    return any(re.search(rf"\b(?:{language.secrets})\b", text, re.IGNORECASE) for language in LANGUAGES)


class Clause:
    """A clause of a sentence, and up to where what it says is not its writer's own statement."""

    def __init__(self, language: Language, text: str, content: str, *, doubtful: bool) -> None:
        self.text, self.content = text, content
        self._language, self._doubtful = language, doubtful

    def guarded(self, start: int) -> bool:
        """Whether something before the match makes it somebody else's word, a condition or a question."""
        if self._doubtful:
            return True
        head, guards = self.text[:start] + " ", self._language.guards
        return bool(
            guards["reported"].search(head) or guards["unreal"].search(head) or guards["past"].search(head)
        ) or bool(guards["unreal"].match(self.text, start))

    @property
    def doubts(self) -> bool:
        """Whether it puts in doubt what is only parted from it by a comma."""
        guards = self._language.guards
        return bool(
            guards["reported"].search(self.text) or re.match(guards["unreal"].pattern, self.text, re.IGNORECASE)
        )


def clauses(language: Language, sentence: str) -> list[Clause]:
    """The clauses of a sentence that can be read each for itself."""
    starts, joins = language.starts, language.joins
    border = re.compile(
        rf"\s*(?P<mark>[;—–]|\s-\s|[,:])?\s*(?P<join>\b(?:{joins})\b)?[,\s]+(?=(?:{starts})(?![\w]))"
        + (
            rf"|\s+(?:and|und|et|y|e|en)\s+(?=(?:(?:now|jetzt|maintenant|nu)\s+)?(?:{language.verbs})\b)(?P<bare>)"
            if language.verbs
            else ""
        ),
        re.IGNORECASE,
    )
    made: list[Clause] = []
    position, subject, doubtful = 0, "", False
    for found in border.finditer(sentence):
        if found.start() == 0 or not (found["mark"] or found["join"] or found.groupdict().get("bare") is not None):
            continue
        clause = _clause(language, sentence[position : found.start()], subject, doubtful)
        made.append(clause)
        # A comma alone leaves it open whether the doubt goes on; a conjunction or another mark begins anew.
        told_by_another = found["join"] and language.guards["reported"].search(clause.text)
        doubtful = clause.doubts and not told_by_another and (found["mark"] or "") in ("", ",", ":")
        subject = language.subject if found.groupdict().get("bare") is not None else ""
        position = found.end()
    made.append(_clause(language, sentence[position:], subject, doubtful))
    return made


def _clause(language: Language, text: str, subject: str, doubtful: bool) -> Clause:
    text = text.strip(" ,;:—–-")[:LONGEST]
    if text.count("(") > text.count(")"):
        text = text[: text.rindex("(")].rstrip()  # a bracket that another clause closes
    return Clause(language, subject + text, text, doubtful=doubtful)


def _read(
    language: Language, rule: Rule, match: re.Match[str], *, loose: bool
) -> tuple[str, str | None, tuple[int, int]] | None:
    """(slot, value, the stretch of text that was read), or None where the value is none."""
    groups = match.groupdict()
    kind = next((name for name in VALUES if groups.get(name)), None)
    value = language.cut(kind, groups[kind], loose=loose) if kind else None
    noun = groups.get("noun")
    if kind is not None and value is None:
        return None
    if kind is None and not rule.ends:
        return None
    slot = rule.slot
    if noun is not None:
        deictic = re.match(rf"{language.guards['deictic'].pattern}(?!\w)", noun, re.IGNORECASE)
        if deictic or re.search(rf"\b(?:{language.secrets})\b", noun, re.IGNORECASE):
            return None
        slot = slot.replace("{noun}", language.noun(noun))
    if rule.picky and not _plain(language, noun or "", value or ""):
        return None
    if value is not None:
        slot = slot.replace("*", slug(language.noun(value)) or slug(value))
    end = match.start(kind) + len(value or "") if kind else match.start() + 1
    return slot, value, (match.start(), end)


def _plain(language: Language, noun: str, value: str) -> bool:
    if re.fullmatch(language.attributes, fold(noun)) or re.fullmatch(language.attributes, noun, re.IGNORECASE):
        return True
    if any(sign.isdigit() for sign in value):
        return True
    return not language.plain_nouns and value[:1].isupper()
