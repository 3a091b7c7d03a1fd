"""The application: routes over the services, inside the envelope."""

from __future__ import annotations

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
from cleo_serving.security.headers import Envelope
from cleo_serving.services import Services


def create_app(services: Services) -> FastAPI:
    """The API over opened services."""
    settings, schema, health = services.settings, make_schema(debug=services.settings.debug), HealthEndpoints(services)
    routes = [
        Route("/graphql", GraphQLEndpoint(services, schema).post, methods=["POST"]),
        WebSocketRoute("/graphql", SocketEndpoint(services, schema).listen),
        Route("/health", health.health, methods=["GET"]),
        Route("/health/live", health.live, methods=["GET"]),
        Route("/health/detailed", health.detailed, methods=["GET"]),
        Route("/metrics", health.metrics, methods=["GET"]),
    ]
    # No documentation pages: they would load scripts from elsewhere and describe the API to anybody.
    app = FastAPI(title="CleoAI", routes=routes, docs_url=None, redoc_url=None, openapi_url=None)
    secure = load(CoreSettings).environment == "production"
    app.add_middleware(Envelope, hosts=settings.allowed_hosts, secure=secure, metrics=services.metrics)
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(405, _not_allowed)
    app.add_exception_handler(CleoError, _refused)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    return error_response(error)


async def _not_found(request: Request, error: Exception) -> Response:
    return error_response(NotFound("There is nothing here."))


async def _not_allowed(request: Request, error: Exception) -> Response:
    extensions = {"code": "METHOD_NOT_ALLOWED", "requestId": request_id()}
    told = {"errors": [{"message": "Only POST is accepted here.", "extensions": extensions}]}
    return JSONResponse(told, 405, {"Allow": "POST" if request.url.path == "/graphql" else "GET"})
