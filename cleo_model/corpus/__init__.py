"""The corpus: from sources to a masked text that passed its checks.

    sources/  ─> records ─> curate/ ─> train, held out ─> pii/ ─> the same, masked ─> quality
    files, data sets,       language, profile,            find, replace               expectations
    built-in text           duplicates, decontamination   by surrogates          versions/
                                                                                 difference, drift

`record` is a line of it, `account` what came in and was left out, `heldout` chooses what is judged on, `shards` divides
work over processes or a Ray cluster, `profiles` says how a kind of text is judged, `canaries` plants what measures
memorising, `plots` draws what people look at.
"""
