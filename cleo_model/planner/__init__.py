"""What a training run will need, before it is begun: `cleo train … --dry-run`.

    config.json ─> shape ─> memory (bytes of a rank, by part) ─┐
                       └──> work ─> speed (tokens a second) ───┴─> plan ─> page (what is printed)
                                     machine: this CPU, by a short probe; or GPUs, by their figures

No weight is read and no model is built. `python -m benchmarks planner` holds the figures against measured runs.
"""
