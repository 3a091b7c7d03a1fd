"""The errors of the model registry.

CleoError                        (cleo_core.errors)
└── RegistryError                the registry gave no answer, or one that makes no sense
    ├── VersionNotFound          there is no such version or alias
    └── UnsafeArtifact           it holds a file whose name or kind is not allowed
"""

from __future__ import annotations

from cleo_core.errors import CleoError


class RegistryError(CleoError, code="REGISTRY", http_status=503, exit_code=3): ...


class VersionNotFound(RegistryError, code="VERSION_NOT_FOUND", http_status=404): ...


class UnsafeArtifact(RegistryError, code="UNSAFE_ARTIFACT"): ...
