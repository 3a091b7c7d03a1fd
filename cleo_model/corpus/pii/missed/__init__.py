"""What masking missed, made known: by values that were planted, and by a second detector of another method.

    a sample of every source ──plant──> copy with known values ──mask──> how many came through (estimate, interval)
    masked records (sample, all short) ──second detector──> what it still finds

`values` and `carriers.yaml` are what is planted, `plant` puts it into a copy, `estimate` counts what came through;
`second` reads the masked text again; `account` is both, as the manifest, the cards and the checks have it.
"""
