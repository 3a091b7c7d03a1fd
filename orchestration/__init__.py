"""Orchestration: the chain as Dagster sees it, the reviewer's decision, and what runs on this machine.

    definitions   the code location: everything below defs/
    defs/         assets, checks, jobs, sensors by domain: corpus, training, evaluation, release
    review/       cleo review: evidence, a signed decision
    local/        cleo run, ui, stop and `make run`

sources -> defs.corpus -> defs.training -> defs.evaluation -> defs.release: a signed bundle, registered
version -> review: a reviewer's signed decision -> defs.release: verified, tried, made champion
"""
