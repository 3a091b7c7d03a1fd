"""GraphQL types of what answers: the model and its health."""

from datetime import datetime

import strawberry

from cleo_serving.api.graphql.types.mapping import show
from cleo_serving.model.holder import ModelHolder
from cleo_serving.model.loader import ServedModel

__all__ = ["Health", "Model"]


@strawberry.type(description="The model that answers now.")
class Model:
    name: str
    version: str
    signed: bool
    bundle_digest: str
    approval_id: str
    approved_by: str
    architecture: str
    engine: str
    context_tokens: int
    dtype: str
    device: str
    loaded_at: datetime

    @classmethod
    def of(cls, model: ServedModel) -> "Model":
        able = model.engine.capabilities
        return show(
            cls,
            model,
            architecture=able.architecture,
            engine=able.name,
            context_tokens=able.context_tokens,
            dtype=able.dtype,
            device=able.device,
        )


@strawberry.type
class Health:
    ready: bool
    model_version: str
    active: int
    waiting: int

    @classmethod
    def of(cls, models: ModelHolder) -> "Health":
        return show(cls, models.current.engine.stats(), ready=models.ready, model_version=models.current.version)
