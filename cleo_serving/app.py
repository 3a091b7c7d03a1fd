"""The application: routes over the services, inside the envelope."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from cleo_core.errors import CleoError
from cleo_core.settings import CoreSettings, load
from cleo_core.telemetry import request_id
from cleo_serving.api.errors import error_response
from cleo_serving.api.graphql.http import GraphQLEndpoint
from cleo_serving.api.graphql.schema import make_schema
from cleo_serving.api.graphql.socket import SocketEndpoint
from cleo_serving.api.health import HealthEndpoints
from cleo_serving.errors import NotFound
from cleo_serving.metrics import Metrics
from cleo_serving.security.headers import Envelope
from cleo_serving.services import Services, open_services
from cleo_serving.settings import ServingSettings

__all__ = ["create_app"]


def create_app(settings: ServingSettings | None = None, services: Services | None = None) -> FastAPI:
    """The API.

    Args:
        settings: read from the environment when not given.
        services: opened already; otherwise they are opened, and the model verified, before the first request.
    """
    settings = settings or (services.settings if services else load(ServingSettings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            opened = services if services is not None else await stack.enter_async_context(open_services(settings))
            _mount(app, opened)
            yield

    # No documentation pages: they would load scripts from elsewhere and describe the API to anybody.
    app = FastAPI(title="CleoAI", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    secure = load(CoreSettings).environment == "production"
    app.add_middleware(Envelope, hosts=settings.allowed_hosts, secure=secure, metrics=Metrics())
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(405, _not_allowed)
    app.add_exception_handler(CleoError, _refused)
    return app


def _mount(app: FastAPI, services: Services) -> None:
    schema = make_schema(debug=services.settings.debug)
    health = HealthEndpoints(services)
    app.router.routes += [
        Route("/graphql", GraphQLEndpoint(services, schema).post, methods=["POST"]),
        WebSocketRoute("/graphql", SocketEndpoint(services, schema).listen),
        Route("/health", health.health, methods=["GET"]),
        Route("/health/live", health.live, methods=["GET"]),
        Route("/health/detailed", health.detailed, methods=["GET"]),
        Route("/metrics", health.metrics, methods=["GET"]),
    ]


async def _refused(request: Request, error: Exception) -> Response:
    return error_response(error)


async def _not_found(request: Request, error: Exception) -> Response:
    return error_response(NotFound("There is nothing here."))


async def _not_allowed(request: Request, error: Exception) -> Response:
    extensions = {"code": "METHOD_NOT_ALLOWED", "requestId": request_id()}
    told = {"errors": [{"message": "Only POST is accepted here.", "extensions": extensions}]}
    return JSONResponse(told, 405, {"Allow": "POST" if request.url.path == "/graphql" else "GET"})
