"""Errors of retrieval.

EnvironmentFault
└── EmbedderUnavailable        the embedding model's package or folder is not there
IntegrityError
└── SegmentDamaged             bytes are not a whole index segment of a known version
InputError
└── VectorMismatch             vectors of another length than the index holds
"""

from __future__ import annotations

from cleo_core.errors import EnvironmentFault, InputError, IntegrityError

__all__ = ["EmbedderUnavailable", "SegmentDamaged", "VectorMismatch"]


class EmbedderUnavailable(EnvironmentFault, code="EMBEDDER_UNAVAILABLE"): ...


class SegmentDamaged(IntegrityError, code="SEGMENT_DAMAGED"): ...


class VectorMismatch(InputError, code="VECTOR_MISMATCH"): ...
