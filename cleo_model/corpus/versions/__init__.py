"""Versions of the corpus: what each is made of, what came and went since the last one, and how far it drifted.

    masked corpus ─> profile ─┐
                              ├─> difference, drift ─> data card, check
    the approved one ─────────┘   (of the champion; where there is none, the last one)

`profile` measures a corpus, `difference` compares records, `drift` compares profiles, `baseline` finds what to compare
with, `version` is the stage.
"""
