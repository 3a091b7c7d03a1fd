"""What Dagster sees, a folder for each domain of the chain: assets and their checks, jobs, schedules, sensors.

    corpus/       the sources ─> masked_corpus, checked          refresh_corpus, nightly; the inbox
    training/     base_model ─> moe_init ─> three phases         train_and_register, weekly
    evaluation/   eval_tasks ─> evaluation, the gate             evaluate_only
    release/      signed_bundle ─> registered_model              release_model; the approval sensor

The stages themselves are declared in `cleo_model.pipeline`, `evals.stages` and `release.bundle`; `stage_asset` makes
assets of them, `report` shows their results, `resources` holds the choices of a run and passes results by path.
"""
