"""`/livez`, `/readyz` and `/metrics`: what those who run the installation ask. Never a version, never personal data."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from mcrm.api.json import encode
from mcrm.api.state import root

blueprint = Blueprint("health", __name__)
ENDPOINTS = frozenset({"health.livez", "health.readyz", "health.metrics"})
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@blueprint.get("/livez")
def livez() -> Response:
    """The process answers; touches nothing else, so that a slow database does not get it killed."""
    return Response(encode({"status": "ok"}), mimetype="application/json")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Each part, ok or why not; 503 while one is not. A check returns None, or the reason; `off: …` is not a fault."""
    parts = {name: _outcome(check) for name, check in root().checks.items()}
    ready = all(outcome == "ok" or outcome.startswith("off") for outcome in parts.values())
    body = encode({"status": "ok" if ready else "not ready", "parts": parts})
    return Response(body, status=200 if ready else 503, mimetype="application/json")


def _outcome(check: Callable[[], str | None]) -> str:
    try:
        return check() or "ok"
    except Exception as error:  # whatever a part throws, the others are still told; its text may hold an address
        return f"failed: {type(error).__name__}"


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text."""
    measures: Measures = current_app.extensions["mcrm.measures"]
    return Response(generate_latest(measures.registry), content_type=CONTENT_TYPE_LATEST)


class Measures:
    """Requests by operation, and the figures that other parts hand in, in a registry of this application's own."""

    def __init__(self, gauges: Mapping[str, Callable[[], float]]) -> None:
        """`gauges`: name (of letters and underscores) to a function that is asked at every scrape."""
        self.registry = CollectorRegistry()
        labels = ("method", "endpoint", "status")
        self.requests = Counter("mcrm_requests", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "mcrm_request_seconds", "Time to the answer", ("endpoint",), buckets=SECONDS, registry=self.registry
        )
        self._counter = cache(lambda *named: self.requests.labels(*map(str, named)))  # as many as there are operations
        self._timer = cache(self.seconds.labels)
        for name, ask in gauges.items():
            Gauge(f"mcrm_{name}", f"mCRM: {name.replace('_', ' ')}", registry=self.registry).set_function(ask)

    def attach(self, app: Flask) -> None:
        """Count every request of the application; endpoints are names of operations, never paths with ids."""
        app.extensions["mcrm.measures"] = self
        app.before_request(self._start)
        app.after_request(self._count)

    def _start(self) -> None:
        g.started_at = time.perf_counter()

    def _count(self, response: Response) -> Response:
        endpoint = request.endpoint or "none"
        method = request.method if request.method in KNOWN_METHODS else "other"
        self._counter(method, endpoint, response.status_code).inc()
        self._timer(endpoint).observe(time.perf_counter() - g.get("started_at", time.perf_counter()))
        return response


KNOWN_METHODS: Iterable[str] = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
