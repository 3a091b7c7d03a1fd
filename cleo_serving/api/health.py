"""Liveness, readiness and figures. They name no user and no path."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cleo_serving.services import Services

MODEL = ("name", "version", "signed", "bundle_digest", "approval_id", "approved_by")
LOAD = ("active", "waiting", "requests", "tokens", "aborted", "failures", "turned_away", "overloaded")


@dataclass(frozen=True, slots=True)
class HealthEndpoints:
    """GET /health, /health/detailed and /metrics."""

    services: Services

    async def health(self, request: Request) -> Response:
        """200 while the API can answer, 503 while it lives but cannot."""
        model, ready = self.services.models.current, self.services.models.ready
        overloaded = model.engine.stats().overloaded
        status = "ready" if ready else "overloaded" if overloaded else "not ready"
        told = {"status": status, "model_version": model.version}
        return JSONResponse(told, 200 if ready else 503, {"Retry-After": "5"} if overloaded else None)

    async def live(self, request: Request) -> Response:
        """200 while the process answers at all."""
        return JSONResponse({"status": "alive"})

    async def detailed(self, request: Request) -> Response:
        """For who holds a token: model, engine, successor."""
        services = self.services
        await services.sign_in(request.headers.get("authorization"), request.client)
        model = services.models.current
        stats = model.engine.stats()
        told = {
            "status": "ready" if services.models.ready else "not ready",
            "withdrawn": services.models.withdrawn,
            "model": {
                **{name: getattr(model, name) for name in MODEL},
                "loaded_at": model.loaded_at.isoformat(timespec="seconds"),
            },
            "engine": asdict(model.engine.capabilities) | {name: getattr(stats, name) for name in LOAD},
            "refused_successor": services.models.refused,
            "issuers_with_unreadable_keys": services.verifier.stale_issuers,
        }
        return JSONResponse(told, 200 if services.models.ready else 503)

    async def metrics(self, request: Request) -> Response:
        return Response(self.services.measure(), media_type="text/plain; version=0.0.4; charset=utf-8")
