"""Evaluation: is a candidate at least as good as the champion?

    held-out corpus, own items ─> tasks/ (forms, sealed) ─> harness, scorer ─> scores ─> gate ─> verdict.json
                                                                    safety, canaries ──> report ─> card

`stages` declares the two stages of the pipeline, `evaluate` is the process that runs the comparison.
"""
