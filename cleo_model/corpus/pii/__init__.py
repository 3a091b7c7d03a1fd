"""Personal data: `detect` finds it by patterns and models as each source's policy says, `mask` replaces it.

detect ─> masking/ (survey, replace by surrogates/) ─> missed/ (estimate, second detector) ─> manifest ─> checks
"""
