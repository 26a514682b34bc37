"""The description of the API, `/openapi.json`, and its pages, `/docs`; every byte comes from this process."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, redirect
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>mCRM API</title><link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/svg+xml" href="docs/icon.svg"></head>
<body><main id="api"></main><noscript>The description is at <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body></html>
"""

START = """SwaggerUIBundle({url: "openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null});
"""

ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="4" fill="#1f3d2f"/>
<path d="M3 12V5l5 4 5-4v7" fill="none" stroke="#fff" stroke-width="2" stroke-linejoin="round"/></svg>
"""
"""Named in the page, since a browser that is told of none asks for /favicon.ico."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

ASSETS = {"swagger-ui.css": ("css", "text/css"), "swagger-ui-bundle.js": ("js", "text/javascript")}

blueprint = Blueprint("docs", __name__)
ENDPOINTS = frozenset({"docs.home", "docs.openapi", "docs.page", "docs.start", "docs.icon", "docs.asset"})


@blueprint.get("/")
def home() -> BaseResponse:
    """Whoever opens the bare address with a browser is shown what is here."""
    return redirect("docs")


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The description, OpenAPI 3.1; built once."""
    api: Any = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    return Response(api.description(), mimetype="application/json")


@blueprint.get("/docs")
def page() -> Response:
    """The pages."""
    return Response(PAGE, mimetype="text/html", headers={"Content-Security-Policy": POLICY})


@blueprint.get("/docs/start.js")
def start() -> Response:
    """The two lines that start the pages; a file of its own, so that the policy can forbid inline scripts."""
    return Response(START, mimetype="text/javascript")


@blueprint.get("/docs/icon.svg")
def icon() -> Response:
    """The mark in the browser's tab."""
    return Response(ICON, mimetype="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


@blueprint.get("/docs/<name>")
def asset(name: str) -> Response:
    """One of the two files of Swagger UI, from the installed package."""
    if name not in ASSETS:
        raise NotFound
    folder, mimetype = ASSETS[name]
    return Response(
        (_assets() / folder / name).read_bytes(), mimetype=mimetype, headers={"Cache-Control": "public, max-age=86400"}
    )


@cache
def _assets() -> Path:
    """Where the package that carries Swagger UI keeps it; found without importing it, since only its files matter."""
    spec = find_spec("flask_openapi3_swagger")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package flask-openapi3-swagger is not installed")
    return Path(spec.submodule_search_locations[0]) / "templates" / "swagger"
