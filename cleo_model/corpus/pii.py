"""What counts as personal data, and how it is found: Presidio with a spaCy name finder and recognizers of our own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import regex
from faker.providers.person.en import Provider as EnglishNames
from faker.providers.person.en_GB import Provider as BritishNames
from faker.providers.person.en_US import Provider as AmericanNames
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    PhoneRecognizer,
    SpacyRecognizer,
    UsSsnRecognizer,
)

__all__ = ["ENTITIES", "analyzer", "given_names", "is_person"]

ENTITIES = (
    "PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "STREET_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "DATE_OF_BIRTH",
    "IP_ADDRESS", "SECRET",
)  # fmt: skip
# A value that is certain is believed without a word beside it that says so; a bare run of digits is not.
THRESHOLD = 0.4


class NameFinder(SpacyNlpEngine):
    """spaCy's name finder and nothing else of its pipeline: the other parts cost two thirds of the time."""

    def load(self) -> None:
        import spacy

        self.nlp = {
            model["lang_code"]: spacy.load(
                model["model_name"], exclude=["parser", "tagger", "lemmatizer", "attribute_ruler", "senter"]
            )
            for model in self.models
        }

    def _doc_to_nlp_artifact(self, doc: Any, language: str) -> NlpArtifacts:
        entities, scores = self._get_updated_entities(doc.ents, self._get_scores_for_entities(doc))
        # Without a lemmatizer the lower-case word stands in, so that words of context are still found.
        words = [token.lower_ for token in doc]
        artifacts = NlpArtifacts(
            entities=entities, tokens=doc, tokens_indices=[token.idx for token in doc], lemmas=words,
            nlp_engine=None, language=language, scores=scores,
        )  # fmt: skip
        artifacts.nlp_engine = self
        artifacts.keywords = [word for word in words if len(word) > 2]
        return artifacts


class LocalPhoneRecognizer(PhoneRecognizer):  # type: ignore[misc]  # presidio is untyped
    """Presidio's, only where there are enough digits: it is slow on ordinary text."""

    DIGITS = regex.compile(r"\d(?:[\s().+/-]{0,3}\d){6,}")

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        if not self.DIGITS.search(text):
            return []
        results: list[RecognizerResult] = super().analyze(text, entities, nlp_artifacts)
        return results


def _patterns(entity: str, patterns: dict[str, float], context: list[str] | None = None, flags: int = 0) -> Any:
    return PatternRecognizer(
        supported_entity=entity,
        name=f"own {entity}",
        patterns=[Pattern(f"{entity} {number}", text, score) for number, (text, score) in enumerate(patterns.items())],
        context=context,
        global_regex_flags=regex.MULTILINE | flags,
    )


NAME = r"\p{Lu}[\p{L}'’-]+(?:\s(?:\p{Lu}\.|(?:van|von|de|der|da|di|la|le|bin|al)\b|\p{Lu}[\p{L}'’-]+)){0,3}"
MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?"
DATE = rf"(?:{MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}}|\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{MONTH},?\s\d{{4}}|\d{{4}}-\d\d-\d\d|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}})"
STREET = (
    r"\b\d{1,5}[A-Za-z]?\s(?:(?:N|S|E|W|North|South|East|West)\.?\s)?(?:\p{Lu}[\p{L}'’.-]*\s){1,4}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Square|Sq|Terrace|Close|Parkway|Pkwy|Highway|Hwy)\b\.?"
    r"(?:,?\s(?:Apt|Apartment|Suite|Ste|Unit|Flat|No|#)\.?\s?#?\w{1,5})?"
    r"(?:,\s\p{Lu}[\p{L} .'-]{2,30})?(?:,?\s\p{Lu}{2}\s\d{5}(?:-\d{4})?)?(?:,?\s\p{Lu}{1,2}\d[\p{Lu}\d]?\s?\d\p{Lu}{2})?"
)


def _own_recognizers() -> list[Any]:
    said = r"(?i:\bmy (?:full )?name is|\bmy name's|\bI am called|\bcall me|\bthis is|\bname is)\s"
    title = r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Messrs)\.?\s"
    return [
        _patterns("STREET_ADDRESS", {STREET: 0.8}),
        _patterns("DATE_OF_BIRTH", {
            rf"(?i:born (?:on )?|birth(?:day)? (?:is |was )?(?:on )?|birth: ?|dob:? ?)\K{DATE}": 0.9,
        }),
        _patterns("PERSON", {rf"{said}\K{NAME}": 0.7, rf"{title}\K{NAME}": 0.8, rf"^{NAME}(?= (?:here|speaking)\b)": 0.6}),
        _patterns("SECRET", {
            r"\b(?:sk|pk|ghp|gho|xox[abp]|AKIA|glpat)[-_A-Za-z0-9]{16,}\b": 0.9,
            r"(?i:\b(?:password|passcode|pin|secret|api key) is )\K[^\s.,;]{4,}": 0.6,
        }),
        _patterns("CREDIT_CARD", {r"\b(?:\d[ -]?){13,16}\b(?<=\d)": 0.1}, ["card", "visa", "mastercard", "paid"]),
        _patterns("US_SSN", {r"\b\d{3}-\d{2}-\d{4}\b": 0.5}),
        _patterns("PHONE_NUMBER", {
            r"(?<![\w.])\+\d{1,3}[\s.-]?(?:\(?\d{1,4}\)?[\s.-]?){2,5}\d\b": 0.6,
            r"(?<![\w.])\(\d{3}\)\s?\d{3}[-. ]\d{4}\b": 0.6,
            r"(?<![\w.-])\d{3}[-.]\d{3}[-.]\d{4}\b(?![-.]\d)": 0.5,
        }),
    ]  # fmt: skip


@cache
def analyzer(model: Path) -> AnalyzerEngine:
    """The engine, with the spaCy pipeline in this folder."""
    mapping = NerModelConfiguration(
        labels_to_ignore=["ORG", "GPE", "LOC", "NORP", "DATE", "TIME", "CARDINAL", "ORDINAL", "MONEY", "QUANTITY", "PERCENT",
                          "LAW", "EVENT", "FAC", "WORK_OF_ART", "PRODUCT", "LANGUAGE", "LOCATION", "ORGANIZATION", "DATE_TIME", "NRP"],
        model_to_presidio_entity_mapping={"PERSON": "PERSON"},
    )  # fmt: skip
    engine = NameFinder([{"lang_code": "en", "model_name": str(model)}], mapping)
    recognizers = [
        CreditCardRecognizer(), EmailRecognizer(), IbanRecognizer(), IpRecognizer(), LocalPhoneRecognizer(), UsSsnRecognizer(),
        SpacyRecognizer(supported_entities=["PERSON"]), *_own_recognizers(),
    ]  # fmt: skip
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=recognizers, supported_languages=["en"]),
        nlp_engine=engine,
        default_score_threshold=THRESHOLD,
    )


@cache
def given_names() -> frozenset[str]:
    """Given names that are common in English texts, in lower case."""
    lists = [
        getattr(provider, field, ())
        for provider in (AmericanNames, BritishNames, EnglishNames)
        for field in ("first_names", "first_names_female", "first_names_male")
    ]
    return frozenset(name.lower() for names in lists for name in names)


HUMAN = regex.compile(
    r"\p{Lu}[\p{L}'’-]+(?:\s(?:\p{Lu}\.(?:\s?\p{Lu}\.)*|(?:van|von|de|der|da|di|la|le|bin|al)|\p{Lu}[\p{L}'’-]+)){0,4}"
)
# What the name finder takes for a person in these texts.
NEVER = frozenset(
    [
        "congress",
        "senate",
        "government",
        "president",
        "majesty",
        "excellency",
        "providence",
        "treasury",
        "postmaster",
        "judicious",
        "britannic",
        "sultan",
        "secretary",
        "python",
        "unicode",
        "boolean",
        "numpy",
        "pandas",
        "dataframe",
        "series",
        "returns",
        "return",
        "raises",
        "none",
        "true",
        "false",
        "tensor",
        "cython",
        "fortran",
        "sqlite",
        "alphabet",
        "parser",
        "hello",
        "hi",
        "thanks",
        "sure",
        "gregorian",
        "gaussian",
        "poisson",
        "bernoulli",
        "dirichlet",
        "laplace",
        "euclidean",
        "jacobian",
        "hermite",
        "legendre",
        "chebyshev",
        "fourier",
        "laguerre",
        "weibull",
        "pareto",
        "rayleigh",
        "bessel",
        "cauchy",
        "cholesky",
        "hessian",
        "dijkstra",
        "euler",
        "hamiltonian",
        "internet",
        "constitution",
        "union",
        "nation",
        "america",
        "american",
        "americans",
        "christmas",
        "easter",
        "bible",
        "god",
        "almighty",
        "heaven",
    ]
)


def is_person(text: str, domain: str, certain: bool) -> bool:
    """Whether a name that was found is one: the name finder is trained on news and sees people in old and technical text.

    `certain` is a name that was introduced as one ("my name is", "Mr.").
    """
    if not HUMAN.fullmatch(text):
        return False
    words = [word.strip(".").lower() for word in text.split()]
    if any(word in NEVER for word in words):
        return False
    if certain:
        return True
    known = words[0] in given_names()
    if domain == "domain":
        return known and len(words) > 1
    return known or len(words) > 1
