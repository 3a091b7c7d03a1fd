"""Figures for Prometheus. No label carries a user, an id or a text."""

from __future__ import annotations

from cleo_core.telemetry import counter, gauge, histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The figures of the API; all instances in a process share them."""

    def __init__(self) -> None:
        self.requests = counter("cleo_requests", "Resolved root fields by outcome", ("field", "outcome"))
        self.refusals = counter("cleo_refusals", "Refused requests by error code", ("code",))
        self.seconds = histogram("cleo_request_seconds", "Duration of an HTTP request", ("route",), buckets=SECONDS)
        self.first_token = histogram(
            "cleo_first_token_seconds", "Time from the question to the first piece of text", buckets=SECONDS
        )
        self.tokens = counter("cleo_generated_tokens", "Tokens generated")
        self.links = counter("cleo_links_removed", "Links taken out of replies")
        self.injection = counter("cleo_injection_signs", "Questions with signs of prompt injection", ("sign",))
        self.session = counter("cleo_session_findings", "Findings of the shadow memory", ("detector",))
        self.connections_ended = counter("cleo_connections_ended", "Connections ended by the API", ("why",))
        self.sockets = gauge("cleo_websockets", "Open websocket connections")
        self.active = gauge("cleo_engine_active", "Replies in the making")
        self.waiting = gauge("cleo_engine_waiting", "Requests waiting for a stream")
        self.healthy = gauge("cleo_engine_healthy", "1 while the engine answers")
        self.version = gauge("cleo_model_version", "Version of the served model; 0 when it is unsigned")
