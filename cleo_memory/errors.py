"""The errors of the memory.

CleoError
├── InputError
│   ├── InvalidUser            a user id that is empty, too long or no text
│   ├── InvalidMemory          content, importance, kind or times that cannot be kept
│   ├── MemoryNotFound         the user has no such memory (or it was forgotten)
│   ├── QuotaExceeded          the user keeps as many memories or bytes as may be
│   ├── RequestMismatch        another request under a key that was used before
│   ├── ReplyGone              it was done under this key; what came of it was deleted since
│   ├── BadArchive             an export that was changed, cut or made for another user
│   ├── UserErased             the user was erased since the caller looked
│   └── VectorMismatch         vectors of another length than the index holds
├── EnvironmentFault
│   ├── StorageFault           the catalogue could not be read or written: nothing was acknowledged
│   ├── BackendDown            a tier does not answer, or its circuit is open
│   ├── MemoryClosed           a call after `close`
│   └── EmbedderUnavailable    the embedding model's package or folder is not there
├── IntegrityError
│   ├── SegmentDamaged         bytes are not a whole index segment of a known version
│   └── SealBroken             a ciphertext is not what was sealed for this user, record, field, tier and version
├── TrustError
│   └── KeyUnavailable         the key that a memory was sealed under is gone or cannot be read
└── BusyError
    ├── LeaseHeld              another worker does this just now
    └── RequestPending         the same request is still being answered
"""

from __future__ import annotations

from cleo_core.errors import BusyError, EnvironmentFault, InputError, IntegrityError, TrustError


class InvalidUser(InputError, code="INVALID_USER"): ...


class InvalidMemory(InputError, code="INVALID_MEMORY"): ...


class MemoryNotFound(InputError, code="MEMORY_NOT_FOUND", http_status=404): ...


class QuotaExceeded(InputError, code="QUOTA_EXCEEDED"): ...


class RequestMismatch(InputError, code="REQUEST_MISMATCH", http_status=409): ...


class ReplyGone(InputError, code="REPLY_GONE", http_status=410): ...


class BadArchive(InputError, code="BAD_ARCHIVE"): ...


class StorageFault(EnvironmentFault, code="STORAGE"): ...


class UserErased(InputError, code="USER_ERASED"): ...


class BackendDown(EnvironmentFault, code="BACKEND_DOWN"): ...


class MemoryClosed(EnvironmentFault, code="MEMORY_CLOSED"): ...


class EmbedderUnavailable(EnvironmentFault, code="EMBEDDER_UNAVAILABLE"): ...


class SegmentDamaged(IntegrityError, code="SEGMENT_DAMAGED"): ...


class VectorMismatch(InputError, code="VECTOR_MISMATCH"): ...


class SealBroken(IntegrityError, code="SEAL_BROKEN"): ...


class KeyUnavailable(TrustError, code="KEY_UNAVAILABLE"): ...


class LeaseHeld(BusyError, code="LEASE_HELD"): ...


class RequestPending(BusyError, code="REQUEST_PENDING"): ...
