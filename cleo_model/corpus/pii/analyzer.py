"""How personal data is found: Presidio with a spaCy name finder and recognizers of our own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]  # it has no stubs
from faker.providers.person.en import Provider as EnglishNames
from faker.providers.person.en_GB import Provider as BritishNames
from faker.providers.person.en_US import Provider as AmericanNames
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    SpacyRecognizer,
    UsSsnRecognizer,
)

from cleo_model.corpus.pii.recognizers import PARTICLE, LocalPhoneRecognizer, own_recognizers
from cleo_model.corpus.sources.words import words

# Of two overlapping finds the one of the earlier type wins, then the longer: a card number may look like a telephone's.
ENTITIES = (
    "EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "STREET_ADDRESS", "SECRET", "US_SSN", "DATE_OF_BIRTH", "IP_ADDRESS",
    "PHONE_NUMBER", "PERSON",
)  # fmt: skip
# What else spaCy's pipeline finds: not personal by itself.
OTHER_LABELS = (
    "CARDINAL", "DATE", "DATE_TIME", "EVENT", "FAC", "GPE", "LANGUAGE", "LAW", "LOC", "LOCATION", "MONEY", "NORP",
    "NRP", "ORDINAL", "ORG", "ORGANIZATION", "PERCENT", "PRODUCT", "QUANTITY", "TIME", "WORK_OF_ART",
)  # fmt: skip
ASSISTANT = "Cleo"
"""The assistant's own name, which it has to learn."""
# A value that is certain is believed without a word beside it that says so; a bare run of digits is not.
THRESHOLD = 0.4


class NameFinder(SpacyNlpEngine):
    """spaCy's name finder and nothing else of its pipeline: the other parts cost two thirds of the time."""

    def load(self) -> None:
        import spacy

        self.nlp = {  # type: ignore[assignment]  # the base class says None before it is loaded
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


@cache
def analyzer(model: Path) -> AnalyzerEngine:
    """The engine, with the spaCy pipeline in this folder."""
    mapping = NerModelConfiguration(
        labels_to_ignore=list(OTHER_LABELS), model_to_presidio_entity_mapping={"PERSON": "PERSON"}
    )
    engine = NameFinder([{"lang_code": "en", "model_name": str(model)}], mapping)
    recognizers = [
        CreditCardRecognizer(),
        EmailRecognizer(),
        IbanRecognizer(),
        IpRecognizer(),
        LocalPhoneRecognizer(),
        UsSsnRecognizer(),
        SpacyRecognizer(supported_entities=["PERSON"]),
        *own_recognizers(),
    ]
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
    rf"\p{{Lu}}[\p{{L}}'’-]+(?:\s(?:\p{{Lu}}\.(?:\s?\p{{Lu}}\.)*|{PARTICLE}|\p{{Lu}}[\p{{L}}'’-]+)){{0,4}}"
)


def is_person(text: str, certain: bool, *, technical: bool) -> bool:
    """Whether what was found is a name: the finder is trained on news and sees people in old and technical text.

    `certain` is a name that was introduced as one ("my name is", "Mr.").
    """
    if not HUMAN.fullmatch(text) or text == ASSISTANT:
        return False
    parts = [word.strip(".").lower() for word in text.split()]
    if not set(parts).isdisjoint(words("not_people")):  # what the name finder takes for a person in these texts
        return False
    known = parts[0] in given_names()
    if technical:
        return known and len(parts) > 1
    return certain or known or len(parts) > 1
