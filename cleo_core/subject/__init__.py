"""A person whose text was learned from: found again by a keyed hash, and taken out of what comes later.

identity: an id -> keyed hash
"""
