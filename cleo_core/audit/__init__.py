"""The audit log: an append-only Merkle tree of who did what to which thing.

record(event) -> log: one transaction -> store (SQLite: leaves, subtrees) -> tree (RFC 6962 hashes)
                 signed checkpoint ------> store, and a copy elsewhere (replica)
"""

from cleo_core.audit.log import AuditLog, AuditReport, check_proof, open_log, ready, record

__all__ = ["AuditLog", "AuditReport", "check_proof", "open_log", "ready", "record"]
