"""What every part of CleoAI stands on. It imports none of the others.

    settings, errors, redact, clock, files, digest, progress, markdown, terminal, extras   known to every part
    compute, resilience, telemetry   the device and dtype; retries and circuit breakers; logs and metrics
    routing/      which experts of a mixture tokens went to: heard, measured, drawn
    stage/        a named piece of work: declared, fingerprinted with its code, made once into a folder
    model_folder, wheels, diagnosis  safe model folders, pinned downloads, what a machine lacks
    crypto/       keys, the trust store, signed envelopes
    audit/        the append-only log of who did what
    provenance/   signed bundles, signed approvals, the newest version served
    registry/     versions in MLflow, and pulling one with everything verified
    proof/        from a reply back to the corpus
    commands/     cleo config, doctor, keys, setup, audit, verify

How a model gets from training to a reply:
    folder -> provenance.bundle: digest, signature -> registry.register: a version, its review pending
    reviewer -> provenance.approval: a signed decision -> registry, audit
    registry.pull: resolve, copy, verify signature and approval, refuse to go backwards -> serving
    reply -> proof.replies; `cleo verify` walks all of it back
"""
