"""The quality score of a document: a number from 0 to 1 for a person to sort and cut by; it drops nothing by itself.

The mean of five parts, each from 0 to 1, measured on the running text alone (see `prose`):

    language    how likely the text is in the language of its source (fastText's lid.176)
    letters     share of words with a letter in them; 0.9 counts as whole
    sentences   share of paragraphs that end as a sentence does
    variety     1 less three times the share of sequences of five words that were said before
    length      words over 100, at most 1
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cleo_model.corpus.curate.words import ngram_hashes

PARTS = ("language", "letters", "sentences", "variety", "length")
ENDS = (".", "!", "?", ":", '"', "”", "’", ")", "…", "。", "！", "？", "।", "؟")
WHOLE, ENOUGH, REPEATED = 0.9, 100, 3


def score(prose: str, words: Sequence[str], language: float) -> float:
    """The score, to three digits.

    Args:
        words: of the running text.
        language: probability of the wanted language.
    """
    if not words:
        return 0.0
    letters = sum(any(map(str.isalpha, word)) for word in words) / len(words)
    paragraphs = [paragraph for paragraph in prose.split("\n\n") if paragraph.strip()]
    ended = sum(paragraph.rstrip().endswith(ENDS) for paragraph in paragraphs) / max(len(paragraphs), 1)
    grams = ngram_hashes(words, 5)
    repeated = 1 - len(np.unique(grams)) / len(grams) if len(grams) else 0.0
    parts = (
        min(max(language, 0.0), 1.0),
        min(letters / WHOLE, 1.0),
        ended,
        max(1 - REPEATED * repeated, 0.0),
        min(len(words) / ENOUGH, 1.0),
    )
    return round(sum(parts) / len(parts), 3)
