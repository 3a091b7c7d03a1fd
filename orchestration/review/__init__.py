"""Review: what a reviewer reads about a version, and the reviewer's signed decision.

cleo review show    -> cli -> evidence: fetch the bundle, verify its signature, read card and verdict
cleo review approve -> cli -> decide: evidence, reviewer's key, signed record -> registry, audit log
"""

from orchestration.review.cli import review

__all__ = ["review"]
