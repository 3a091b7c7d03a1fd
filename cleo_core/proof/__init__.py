"""The proof behind a reply: which model gave it, who approved that model, what it was trained on.

serving --append--> replies: one row per reply, no text
cleo verify ID -> walk: reply -> version (registry) -> signature, approval (provenance)
                        -> evaluation, audit records -> lineage, stages -> corpus manifest
Each link is checked on the spot: it holds, it does not, or it cannot be checked on this machine.
"""
