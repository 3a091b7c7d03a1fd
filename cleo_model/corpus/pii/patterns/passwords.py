"""Passwords that are ordinary words: "my wifi password: sunshine", "das Passwort lautet Sonnenschein".

A word tells nothing by itself, so it must be all that is said: a clause that ends after it. What passwords are said to
be ("required", "wrong"), types and the words of forms are no passwords; `data/passwords.yaml` lists them by language.
"""

from __future__ import annotations

import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.patterns.lists import all_listed, listed
from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern

WORD = (
    r"(?:pass[ -]?(?:word|phrase|code|wort|wd)s?|pwd|pw|(?:wi-?fi|wlan|network)[ -]?(?:key|pass)|kennwort|passwort|wlan-?schlüssel|mot de passe|mdp"
    r"|contraseñas?|(?:mi|tu|su)[ ]clave(?:[ ]secreta)?|parola d['’]ordine|wachtwoord|senha|palavra-passe"
    r"|(?:security|secret) answer|answer to (?:my|the|your|his|her) security question)"
)
OF = (
    r"(?:[ ](?:for|of|to|on|at|für|vom|von|zum|du|de|del|della|dell['’]|di|per|da|do|van|voor|pour|para|no|na)(?:[ ]|(?<=['’]))"
    r"(?:[\p{L}'’-]+[ ]){0,3}?[\p{L}'’-]+)?"
)
"""Of what it is the password: "for the guest wifi"."""
IS = (
    r"(?:[ ](?:is|was|remains|stays|ist|lautet|war|est|était|es|era|è|é)(?:[ ](?:now|still|just|simply|jetzt|immer noch|ahora|adesso|nu|agora))?"
    r"|['’]s)[ ]?:?[ ]?"
)
QUOTE, UNQUOTE = r"[\"'`“‘«„]", r"[\"'`”’»“]"
VALUE = r"(?P<v>\p{L}{4,30})"
ENDS = (
    r"(?=[ \t]*(?:[.,;!?)](?=[\s\"'”’)]|$)|$|\n)"
    r"|[ ](?:and|but|so|if|in case|just|please|thanks|und|aber|falls|et|mais|y|pero|si|e|ma|se|en|maar|als|mas)(?!\p{L}))"
)
GATE = (
    "pass", "pwd", "pw", "wort", "woord", "key", "schlüssel", "mdp", "contrase", "clave", "parola", "senha", "palavra",
    "answer",
)  # fmt: skip
NONE = frozenset(all_listed("passwords")) | listed("not_secrets")
NAMES_ITSELF = regex.compile(rf"(?i){WORD}")
SAID_OF_IT = regex.compile(
    r"(?i)\p{L}{2,}(?:ed|ing|[ai]ble|less|é|ée|iert|ad[ao]|id[ao]|at[ao]|it[ao]|ut[ao])|(?:ge|ver|be|er)\p{L}+(?:t|en)|(?:un|in)\p{L}+"
)
"""Participles and the like in the covered languages: after "is" they say what became of a password."""


def _is_word(value: str) -> bool:
    """A word that may be a password: none that is said of passwords, and no name of code (SecretStr)."""
    return (
        value.lower() not in NONE
        and NAMES_ITSELF.fullmatch(value) is None
        and regex.search(r"\p{Ll}\p{Lu}", value) is None
    )


def _is_no_participle(value: str) -> bool:
    return _is_word(value) and SAID_OF_IT.fullmatch(value) is None


def _is_labelled(value: str) -> bool:
    return _is_word(value) and regex.fullmatch(r"(?i)\p{L}+(?:ed|able|iert)", value) is None


PASSWORDS: list[Pattern] = [
    # password: sunshine
    pattern("SECRET", rf"(?i)(?<![\p{{L}}\p{{N}}_.]){WORD}{OF}[ ]?:[ \t]{{1,3}}{VALUE}{ENDS}", gate=GATE, check=_is_labelled),
    pattern("SECRET", rf"(?i)(?<![\p{{L}}\p{{N}}_.]){WORD}[\"'`]?[ ]?:[ \t]{{0,3}}{QUOTE}{VALUE}{UNQUOTE}", gate=GATE, check=_is_labelled),
    # the password for the wifi is sunshine
    pattern("SECRET", rf"(?i)(?<![\p{{L}}\p{{N}}_.]){WORD}{OF}{IS}{VALUE}{ENDS}", gate=GATE, check=_is_no_participle),
    pattern("SECRET", rf"(?i)(?<![\p{{L}}\p{{N}}_.]){WORD}{OF}(?:{IS}|[ ]){QUOTE}{VALUE}{UNQUOTE}", gate=GATE, check=_is_labelled),
    # use sunshine as my password
    pattern("SECRET", rf"(?i)(?<!\p{{L}})(?:us(?:e|ed|ing)|enter(?:ed)?|typed?|chose|picked|set|put)[ ]{QUOTE}?{VALUE}{UNQUOTE}?[ ]as[ ](?:the|my|your|our|his|her|their)[ ](?:[\p{{L}}-]+[ ]){{0,2}}?{WORD}(?!\p{{L}})", gate=("pass", "pwd", "pw"), check=_is_no_participle),
    # PASSWORD=sunshine, of an environment
    pattern("SECRET", rf"^[ \t]*(?:export[ ])?(?:[A-Z0-9]+_){{0,4}}(?:PASS(?:WORD|WD|PHRASE)?|PWD)=[\"']?{VALUE}[\"']?[ \t]*$", gate=("pass", "pwd"), check=_is_labelled),
    # The twelve words of a wallet
    pattern("SECRET", r"(?i)(?<!\p{L})(?:seed|recovery|mnemonic|backup|secret)(?:[ ]phrase|[ ]words)?(?:[ ](?:is|are|was))?[ ]?:?\s{1,2}[\"'“]?(?P<v>(?-i:\p{Ll}{3,8}(?:[ ]\p{Ll}{3,8}){11,23}))(?![\p{L}\p{N}])", gate=("seed", "recovery", "mnemonic", "backup", "secret"), check=lambda value: not {"the", "and", "that", "with", "for"} & set(value.split())),
]  # fmt: skip
