"""Provenance: what makes a model trusted, as signed files that any machine can check without a server.

folder -> contents: only files that may be in a bundle -> bundle: digest and OMS signature
reviewer -> approval: a signed decision about name, version, bundle and evaluation
decisions: this machine's copies of them, so that a revocation stays one
rollback_guard: the newest version served here, so that nothing goes backwards
"""
