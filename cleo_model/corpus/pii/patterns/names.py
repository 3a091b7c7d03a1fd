"""Names that a text introduces as such, in any kind of text: "my name is", "Mr.", "Dear", "ask Lakshmi Venkataraman"."""

from __future__ import annotations

from cleo_model.corpus.pii.given_names import given_names, is_full_name
from cleo_model.corpus.pii.patterns.lists import listed
from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern
from cleo_model.corpus.sources.words import words

PARTICLE = r"(?:van|von|zu|de|der|den|del|della|da|dos|das|di|du|la|le|el|bin|ibn|al|ter|ten|y|e)\b"
WORD = r"(?:O['’]|D['’]|Mc|Mac|al-|el-)?\p{Lu}[\p{L}\p{M}]*(?:['’-]\p{L}[\p{L}\p{M}]*)*"
LETTER = r"(?:\p{Lu}\.(?:[ ]?\p{Lu}\.)*|\p{Lu}(?![\p{L}\p{N}]))"
NAME = rf"{WORD}(?:[ ](?:{LETTER}|(?:{PARTICLE}[ ]){{1,3}}{WORD}|{WORD})){{0,3}}"
FULL = rf"{WORD}(?:[ ](?:{LETTER}|{PARTICLE})){{0,3}}(?:[ ](?:{PARTICLE}[ ]){{0,2}}{WORD}){{1,3}}"
TITLE = (
    r"(?:Mr|Mrs|Ms|Mx|Dr|Prof|Messrs|Rev|Hon|Capt|Sgt|Lt|Col|Gen|Fr|Sr|Sra|Srta|Dra|Sig|Dott|Dhr|Mevr|Drs|Ing|Mme|Mlle|Eng)\.?"
    r"|Miss|Professor|Sir|Madam|Ma['’]am|Doctor|Herr|Herrn|Frau|Monsieur|Madame|Mademoiselle|Señora?|Señorita|Don|Doña|Signora?|Sig\.ra|Dott\.ssa|Meneer|Mevrouw|Senhora?|Dona"
)
# Words with a capital that follow a greeting or "ask", and are nobody's name.
NOT_NAMES = listed("not_names")


def _words(value: str) -> list[str]:
    return [word.strip(".,'’").lower() for word in value.split()]


def _is_name(value: str) -> bool:
    parts = _words(value)
    if parts[0] in NOT_NAMES or parts[0] in words("not_people") or parts[0].endswith(("n't", "'m", "'ve", "'ll", "’m")):
        return False
    return len(parts) > 1 or (
        len(parts[0]) > 1 and not (len(value) > 3 and value.isupper() and parts[0] not in given_names())
    )


def _is_small_name(value: str) -> bool:
    """A name that is written small: the first word is a known given name."""
    return value.split()[0].lower() in given_names()


def _is_capital_name(value: str) -> bool:
    """A name in capitals: the first word is a known given name of some length, and no word of every day."""
    return len(value.split()[0]) > 3 and _is_small_name(value)


def _is_introduced(value: str) -> bool:
    return len(value) > 1 and value.lower() not in SMALL_WORDS and _is_name(value)


SMALL_WORDS = listed("after_name_is")
SAID = (
    r"(?i:\bmy (?:full |real |first |last |legal |maiden |given |family |sur)?name['’]?(?:s| is|:)|\bmy name is|\bnames? is|\bI am called|\b(?:everyone|people|friends|you can|please|just) (?:calls?|call) me|\bcall me|\bi go by"
    r"|\bmein name ist|\bich heiße|\bich heisse|\bje m['’]appelle|\bmon nom est|\bme llamo|\bmi nombre es|\bmi chiamo|\bil mio nome è|\bmijn naam is|\bik heet|\bo meu nome é|\bmeu nome é|\bchamo-me|\bme chamo|\bje suis monsieur|\bje suis madame)[ ]"
)
PERHAPS_SAID = r"(?:\b[Ii] am|\b[Ii]['’]?m|\b[Yy]ou are|\b[Tt]his is|\b[Ii]t is|\b[Ii]t['’]s|\b[Ii]ch bin|\b[Hh]ier ist|\b[Hh]ier spricht|\b[Jj]e suis|\b[Ss]oy|\b[Ss]ono|\b[Ii]k ben|\b[Ss]ou o|\b[Ss]ou a|\b[Ss]ou)[ ]"
ASKED = (
    r"(?:(?<![\p{L}-])(?:[Aa]sk(?:ed|ing)?|[Cc]ontact(?:ed)?|[Cc]all(?:ed)?|[Ee]mail(?:ed)?|[Mm]ail(?:ed)?|[Pp]hone[d]?|[Tt]ext(?:ed)?|[Mm]essage[d]?|[Pp]ing(?:ed)?|[Tt]ell|[Tt]old|[Nn]otify|[Nn]otified|[Mm]eet|[Mm]et|[Cc][Cc]|[Tt]hank(?:ed)?|[Ii]nvite[d]?|[Pp]aged?|[Rr]each"
    r"|[Ss]poke (?:to|with)|[Tt]alk(?:ed)? (?:to|with)|[Ss]peak (?:to|with)|[Tt]alking to|[Ww]rite to|[Ww]rote to|[Rr]eport(?:s|ed)? to|[Rr]eported by|[Ww]ritten by|[Aa]pproved by|[Ss]igned by|[Rr]eviewed by|[Ee]scalated by|[Oo]wned by|[Aa]ssigned to|[Bb]elongs to|[Pp]repared by|[Rr]equested by|[Ss]ubmitted by"
    r"|[Oo]n behalf of|[Ff]orward(?:ed)? to|[Ss]hip(?:ped)? to|[Ii]nterview(?:ed)? with|[Mm]arried to|[Aa]ttn\.?:?|[Aa]ttention:?|[Ww]ake up|[Kk]ind regards to"
    r"|[Ff]ragen [Ss]ie|[Ff]rag|[Rr]ufen [Ss]ie|[Kk]ontaktieren [Ss]ie|[Cc]ontactez|[Dd]emandez à|[Aa]ppelez|[Pp]regunte a|[Ll]lame a|[Cc]ontacte (?:con|a)|[Cc]ontatta(?:re)?|[Cc]hiedi a|[Cc]hiama(?:re)?|[Vv]raag|[Bb]el|[Cc]ontacteer|[Pp]ergunte a|[Ff]ale com|[Cc]ontacte))[ ]"
)
KIN = (
    r"(?i:\b(?:my|his|her|our|their|your)[ ](?:(?:own|late|old|new|dear|younger|older|elder|big|little|best|good|ex-?|former|line|direct|twin|foster|step)[ -]?){0,2}"
    r"(?:wife|husband|son|daughter|brother|sister|mother|father|mom|mum|dad|friend|boss|colleague|co-?worker|manager|supervisor|partner|fianc[ée]e?|girlfriend|boyfriend|neighbou?r|doctor|dentist|lawyer|attorney|teacher|cousin|uncle|aunt|nephew|niece|roommate|flatmate|landlord|tenant|client|patient|student|assistant|therapist|accountant|grandmother|grandfather|grandson|granddaughter|spouse|teammate|husband's|wife's)"
    r"[, ]{1,2}(?:is |was |named |called |whose name is )?)"
)
GREETING = r"(?i:^[ \t>*_]*|[.!?\n:][ \t]*)(?i:dear|hi|hello|hey|hallo|liebe[r]?|lieber|sehr geehrte[r]?|guten tag|bonjour|cher|chère|hola|estimad[oa]|querid[oa]|ciao|gentile|caro|cara|egregio|beste|geachte|hoi|olá|car[oa]|prezad[oa]|good (?:morning|afternoon|evening)|thanks|thank you|thx|cheers)[ ,]{1,2}"
CLOSING = r"(?i:(?:best|kind|warm|many)?[ ]?(?:regards|wishes|thanks)|sincerely(?: yours)?|yours(?: truly| sincerely| faithfully)?|cheers|respectfully|cordially|best|love|mit freundlichen grüßen|viele grüße|liebe grüße|mfg|cordialement|bien à vous|un saludo|saludos(?: cordiales)?|atentamente|cordiali saluti|distinti saluti|un saluto|met vriendelijke groet(?:en)?|groeten|groetjes|atenciosamente|cumprimentos|com os melhores cumprimentos|abraços?|signed)[,.!]?[ ]?\n{1,2}[ ]?[-–—]?[ ]?"
LABEL = (
    r"(?i:^[ \t*_>|-]*|[;|,.][ ])(?i:(?:full |first |last |customer |patient |employee |client |contact |applicant |account ?holder |card ?holder |user |sender |recipient |author |owner |manager |employer )?name|full name|surname|family name|given name|patient|customer|employee|applicant|client|contact(?: person)?|attendees?|interviewer|candidate"
    r"|owner|reporter|assignee|sender|recipient|beneficiary|account holder|cardholder|owner of this page|nachname|vorname|kunde|kundin|patientin|nom|prénom|client|nombre|apellidos?|cliente|nome|cognome|paziente|naam|voornaam|achternaam|klant|patiënt|apelido|paciente)[ ]?:[ \t]*[*_]{0,2}[ ]?"
)

NAMES: list[Pattern] = [
    pattern("PERSON", rf"{SAID}(?P<v>{NAME})", check=_is_introduced,
            gate=("name", "call", "go by", "heiß", "heiss", "appelle", "nom", "llamo", "nombre", "chiamo", "nome", "naam", "heet", "chamo", "suis")),
    pattern("PERSON", r"(?i)\bmy (?:full |first |last |real )?name['’]?(?:s| is)[ ](?P<v>\p{L}[\p{L}'’-]+)(?![\p{L}\p{N}_(.]\p{L}|[ ](?:that|which|of|on|in|not|for))", gate=("my ",), check=_is_introduced),
    pattern("PERSON", rf"(?<![\p{{L}}\p{{N}}_])(?:{TITLE})[ ](?P<v>{NAME})", check=_is_name),
    pattern("PERSON", r"(?i)(?<![\p{L}\p{N}_])(?:mr|mrs|ms|dr|prof|miss)\.?[ ](?P<v>\p{L}[\p{L}'’-]+)(?![\p{L}\p{N}_])", gate=("mr", "ms", "dr", "prof", "miss"), check=_is_small_name),
    pattern("PERSON", rf"{PERHAPS_SAID}(?P<v>{FULL})", check=_is_name),
    pattern("PERSON", r"(?i)\b(?:this is|i am|i['’]?m|im)[ ](?P<v>\p{L}[\p{L}'’-]+(?:[ ]\p{L}[\p{L}'’-]+)?)(?=[ ](?:from|here|speaking|with|at|calling|of|in)\b|[.,!]|[ ]and[ ](?:i|my)\b)", gate=("this is", "i am", "i'm", "i’m", "im "), check=_is_small_name),
    pattern("PERSON", rf"(?:^|[.,!][ ])(?P<v>{NAME})(?<!ly)(?=[ ](?:here|speaking)\b)", check=_is_name, gate=("here", "speaking")),
    pattern("PERSON", rf"{ASKED}(?P<v>{FULL})", check=_is_name),
    pattern("PERSON", rf"{ASKED}(?P<v>{WORD})(?![\p{{L}}\p{{N}}_(.\[]\w|['’-]\w)", check=_is_small_name),
    pattern("PERSON", rf"{KIN}(?-i:(?P<v>{NAME}))", check=_is_name),
    pattern("PERSON", rf"{GREETING}(?P<v>{NAME})(?=[ ]?[,!.\n:;–—-]|$)", check=_is_name),
    pattern("PERSON", rf"{CLOSING}(?P<v>{NAME})[ ]?$", check=_is_name,
            gate=("regards", "wishes", "thanks", "sincerely", "yours", "cheers", "fully", "cordial", "best", "love", "grüße", "mfg", "bien", "saludo", "atent", "salut", "groet", "cumpr", "abra", "signed")),
    pattern("PERSON", rf"{LABEL}(?P<v>{FULL})", check=_is_name, gate=(":",)),
    # A line or a cell that is a name and nothing else.
    pattern("PERSON", r"(?:^[ \t]*(?:[-*>][ ]|\d{1,3}[.)][ ]|\d{1,6}[,;\t])?|[|\t]|[,;\t](?=\S))[ \t]*\K(?P<v>\p{Lu}[\p{L}\p{M}'’-]+(?:[ ][\p{L}\p{M}'’-]+){1,3})(?=[ \t]*(?:$|[|;\t]|,\S))", check=is_full_name),
    pattern("PERSON", r"\b(?:BY|FROM|TO|FOR|CALL|ASK|CONTACT|ATTN:?|MR\.?|MRS\.?|MS\.?|DR\.?|DEAR|IS)[ ](?P<v>\p{Lu}{2,}[ ]\p{Lu}{2,})(?![\p{L}\p{N}])", check=_is_capital_name),
]  # fmt: skip
