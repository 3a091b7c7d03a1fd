"""The model registry: versions in MLflow whose files are a bundle, its signature and the decisions about it.

register(bundle) -> versions: a logged model and a version of it -> mlflow (the client, quiet and bounded)
resolve(alias) --> VersionInfo -> download -> artifacts: files into a private folder, nothing believed yet
pull(alias) -----> all of that, then every signature and approval is verified (provenance), and only then it is loaded
"""

from cleo_core.registry.artifacts import Downloaded
from cleo_core.registry.mlflow import tracking
from cleo_core.registry.versions import (
    DECISION_TAG,
    REVIEW_TAG,
    VersionInfo,
    approvals,
    attach_approval,
    champion,
    download,
    fitted,
    list_versions,
    pending,
    promote,
    register,
    resolve,
    set_alias,
    set_tags,
)

__all__ = [
    "DECISION_TAG", "REVIEW_TAG", "Downloaded", "VersionInfo", "approvals", "attach_approval", "champion",
    "download", "fitted", "list_versions", "pending", "promote", "register", "resolve", "set_alias", "set_tags",
    "tracking",
]  # fmt: skip
