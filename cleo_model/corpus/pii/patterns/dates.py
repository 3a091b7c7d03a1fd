"""Dates of birth (direct); any date and ages (strict)."""

from __future__ import annotations

from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern

MONTHS = (
    r"(?:jan(?:uary|uar|vier|uari|eiro)?|feb(?:ruary|ruar|braio|rero|ruari)?|f[ée]vr(?:ier)?|fevereiro|mar(?:ch|s|zo|ço|t)?|m[äa]rz|maart|mrt|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?|may|mai|mayo|maggio|mag|mei|maio"
    r"|jun(?:e|i|ho|io)?|juin|giugno|giu|jul(?:y|i|ho|io)?|juill?(?:et)?|luglio|lug|aug(?:ust|ustus)?|ao[ûu]t|agosto|ago|sep(?:t|tember|tembre|tiembre)?|settembre|set(?:embro)?"
    r"|oct(?:ober|obre|ubre)?|okt(?:ober)?|ottobre|ott|out(?:ubro)?|nov(?:ember|embre|iembre|embro)?|dec(?:ember)?|dez(?:ember|embro)?|d[ée]c(?:embre)?|dic(?:iembre|embre)?|ene(?:ro)?|gen(?:naio)?|janeiro|giugno)\.?"
)
YEAR = r"(?:1[89]|20)\d\d"
DAY = r"(?:0?[1-9]|[12]\d|3[01])"
TIME = r"(?:[T ,]{1,2}(?:at )?\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:[ ]?(?:[ap]\.?m\.?|Z|UTC|[+-]\d\d:?\d\d))?)?"
DATE = (
    rf"(?:(?i:{MONTHS})[ ]{DAY}(?:st|nd|rd|th)?,?[ ]{YEAR}"
    rf"|{DAY}(?:st|nd|rd|th|er|[.º°])?[ -](?i:(?:of |de |d['’])?{MONTHS}),?[ -](?i:de |del )?{YEAR}"
    rf"|{YEAR}[-/.](?:0?[1-9]|1[0-2])[-/.]{DAY}|{DAY}[/.-]{DAY}[/.-](?:{YEAR}|\d\d))(?!\d){TIME}"
)
DATE_WITHOUT_YEAR = rf"(?:(?i:{MONTHS})[ ]{DAY}(?:st|nd|rd|th)?|{DAY}(?:st|nd|rd|th|\.)?[ ](?i:(?:of |de )?{MONTHS}))(?![\p{{L}}\p{{N}}])"
BORN = (
    r"(?i:\b(?:born|d\.?o\.?b\.?|date of birth|birth ?dates?|birthdays?|b[- ]?day|geboren|geburtsdatum|geburtstag|geb\.|née?|date de naissance|naissance|anniversaire|nacid[oa]|naci[óo]|fecha de nacimiento|nacimiento|cumplea[ñn]os"
    r"|nat[oa]|data di nascita|nascita|compleanno|geboortedatum|verjaardag|nascid[oa]|nasci|data de nascimento|nascimento|anivers[áa]rio)(?:['’]s)?"
    r"(?:[ ](?:on|is|was|in|am|ist|war|le|el|il|op|em|a|est|es|è|é|the|den|falls|here|and|it|my|\p{Lu}\p{L}+)){0,4}[ ]?(?:[.:,=–-]|[’'`]s)?[ \n]{0,2}(?:it['’]?s[ ])?(?:on |the |den |le |el |il |em )?)"
)
AGE = r"(?<![\p{L}\p{N}_.,-])(?P<v>1[01]\d|[1-9]?\d)"
YEARS = r"(?:years?[ -]old|yrs?[ -]old|y/?o\b|y\.o\.|year-old|years of age|months old|Jahre? alt|jährige?r?|ans\b(?! (?:après|avant|plus))|años de edad|anni di età|jaar oud|anos de idade)"
NUMBERED = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?"

BIRTH: list[Pattern] = [
    pattern("DATE_OF_BIRTH", rf"{BORN}(?P<v>{DATE})", digits=1,
            gate=("born", "dob", "d.o.b", "birth", "b-day", "bday", "geb", "né", "naissance", "anniver", "nac", "cumple", "nat", "nasc", "compleanno", "verjaardag", "aniv")),
    pattern("DATE_OF_BIRTH", rf"{BORN}(?P<v>{DATE_WITHOUT_YEAR})", digits=1, gate=("born", "dob", "birth", "b-day", "bday", "geb", "naissance", "anniver", "cumple", "compleanno", "verjaardag", "aniv")),
]  # fmt: skip

DATES: list[Pattern] = [
    pattern("DATE_TIME", rf"(?<![\p{{L}}\p{{N}}_/.-]){DATE}", digits=1),
    pattern("DATE_TIME", rf"(?<![\p{{L}}\p{{N}}_/.-])(?i:{MONTHS})[ ]{YEAR}(?!\d)", digits=1),
    pattern("DATE_TIME", rf"(?<![\p{{L}}\p{{N}}_/.-]){DATE_WITHOUT_YEAR}", digits=1),
    pattern("DATE_TIME", rf"(?i)\b(?:in|since|until|till|from|by|during|before|after|circa|around|of|year|early|late|mid|seit|bis|depuis|en|desde|hasta|nel|dal|sinds|tot|em|até)[ ](?P<v>{YEAR}s?)(?![\p{{L}}\p{{N}}_]|[.,-]\d)", digits=1),
    pattern("AGE", rf"{AGE}(?=[ -]{YEARS})", digits=1),
    pattern("AGE", rf"{AGE}(?= (?:ans|años|anni|jaar|anos|Jahre)\b)", digits=1, near=r"ai|as|a|tengo|tiene|ho|ha|ben|is|bin|tenho|tem|âgée?|edad|leeftijd|alter|età|idade|mit"),
    pattern("AGE", r"(?i)\b(?:aged?|age is|age of|alter|âge|edad|età|leeftijd|idade|âgée? de|turn(?:ed|ing|s)|i['’]?m|i am|he['’]s|he is|she['’]s|she is|just turned)[ :]{1,2}(?P<v>1[01]\d|[1-9]\d)(?![\p{L}\p{N}%°/:-]|[.,]\d|[ ](?:percent|minutes?|hours?|days?|weeks?|months?|miles?|km|met(?:er|re)s?|feet|people|times|items?|points?|of))", digits=1),
    pattern("AGE", r"(?<=\p{L}), (?P<v>[1-9]\d),(?= (?:of|from|who|was|is|has|had|a|an|the|and|died|said|lost|in|at|of)\b)", digits=1),
    pattern("AGE", r"\bAt (?P<v>[1-9]\d), (?=\p{Lu}|s?he\b|they\b)", digits=1, gate=("at ",)),
    pattern("AGE", rf"(?i)\b(?P<v>{NUMBERED})[ -]{YEARS}", gate=("old", "of age")),
]  # fmt: skip
