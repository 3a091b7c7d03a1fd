"""What of a message states something: without its questions, its requests and what it only supposes, which tell nothing
of who writes."""

from __future__ import annotations

import re

from cleo_memory.search.sentences import sentences

_ASKS = re.compile(r"[?？؟][\"'”»)」』）]*\s*$|^\s*¿|(?:吗|呢|か|かな|까|나요|니|ไหม|หรือเปล่า|หรือไม่)\s*[.。]?\s*$")
_OTHERS = r"i|we|my|our|you|your|he|she|they|it|the|a|an|this|that|there"
_BEGINS = re.compile(
    r"\s*(?:"
    # Questions: by their first word, unless it begins a clause ("When I was young").
    rf"(?:what|who|whom|whose|which|when|where|why|how)\b(?:'s\b)?(?!\s+(?:{_OTHERS})\b)"
    r"|(?:is|are|am|was|were|do|does|did|can|could|will|would|should|shall|has|have)\s+"
    r"(?:i|we|my|our|you|your|he|she|they|it|the|this|that|there|any)\b"
    r"|(?:wer|wen|wem|wessen|wann|wo|woher|wohin|warum|wieso|weshalb|welche[rsnm]?|was|wie)\s+\w+"
    r"|(?:ist|sind|bin|hast|hat|haben|kann|kannst|können|soll|darf|weißt|gibt)\s+(?:ich|du|er|sie|es|wir|ihr|man|das|mein\w*)\b"
    r"|(?:qui|quoi|quand|où|pourquoi|comment|combien|quel\w*|est-ce)\b"
    r"|(?:qué|quién\w*|cuándo|dónde|cómo|cuál\w*|cuánt\w+)\b"
    r"|(?:wat|wanneer|waar|waarom|hoe|welke?)\s+\w+|(?:is|zijn|heb|heeft|kan|kun|mag|moet)\s+(?:ik|je|jij|hij|zij|we|wij|het|er|mijn)\b"
    # Requests.
    r"|(?:please\s+)?(?:tell|give|show|write|explain|translate|summari[sz]e|list|make|create|fix|help|suggest|recommend"
    r"|compare|describe|define|calculate|convert|let's)\b|please\b"
    r"|(?:bitte|schreib\w*|erklär\w*|sag\b|zeig\w*|gib|nenne?|übersetze?|hilf)\b"
    r"|(?:écris|explique|dis|montre|donne|traduis|aide)\b"
    r"|(?:escribe|explica|dime|muestra|dame|traduce|ayuda)\b"
    r"|(?:schrijf|leg|vertel|toon|geef|vertaal|help)\b"
    r")",
    re.IGNORECASE,
)
_UNREAL = re.compile(
    r"\s*(?:if|suppose|imagine|wenn|falls|als|si|se)\b.*(?:\b(?:would|could|might|würde|hätte|wäre|könnte|zou)\w*\b|\b\w+'d\b"
    r"|\b\w+(?:rais|rait|rions|ría|ríamos|rei|rebbe|remmo|ria)\b)",
    re.IGNORECASE,
)


def statements(text: str) -> str:
    """The sentences that state something, in order; empty when there are none."""
    return " ".join(each for each in sentences(text) if not _asks(each))


def _asks(sentence: str) -> bool:
    return bool(_ASKS.search(sentence) or _BEGINS.match(sentence) or _UNREAL.match(sentence))
