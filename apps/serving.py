"""Serves the rep's app at `/rep/`, the agents' screen at `/agent/` and the customer's chat at `/app/`.

Each is a fixed list of plain files, under a policy that lets no other host and no inline code in. The files are read
once; the bytes of the rep's make the version by which a phone keeps them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from mcrm.config import Settings

FOLDER = Path(__file__).parent / "rep"
AGENT = Path(__file__).parent / "agent"
CUSTOMER = Path(__file__).parent / "customer"
SHARED = ("dom.js", "wire.js", "frame.css", "icon.svg", "inter.woff2")
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
PAGE, PLACE, WORKER = "index.html", "place.js", "worker.js"
ENDPOINTS = frozenset({"rep.without_slash", "rep.page", "rep.file"})
AGENT_ENDPOINTS = frozenset({"agent.without_slash", "agent.page", "agent.file"})
CUSTOMER_ENDPOINTS = frozenset({"app.without_slash", "app.page", "app.file"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One file as it is served; `tag` is its ETag without quotes."""

    body: bytes
    mimetype: str
    tag: str

    @classmethod
    def of(cls, body: bytes, suffix: str) -> "Kept":
        """A file of these bytes."""
        return cls(body, TYPES[suffix], hashlib.sha256(body).hexdigest()[:32])


def make_rep(settings: Settings) -> Blueprint:
    """The rep's app; it may be shown in a frame by the page of phones alone, where the settings name one."""
    files = read_files(settings.phones_origin, settings.currency)
    return _make("rep", files, settings.phones_origin or "'none'")


def make_agent(settings: Settings) -> Blueprint:
    """The agents' screen; it is never shown in a frame, and shares a few of the rep's files."""
    paths = [*_paths(AGENT), *(FOLDER / name for name in SHARED)]
    files = {path.name: Kept.of(path.read_bytes(), path.suffix) for path in paths}
    facts = {"embedder": settings.phones_origin, "currency": settings.currency}
    files[PLACE] = Kept.of(f"self.PLACE = {json.dumps(facts)};\n".encode(), ".js")
    return _make("agent", files, "'none'")


def make_customer(settings: Settings) -> Blueprint:
    """The customer's chat; like the rep's app it may be shown in a frame by the page of phones."""
    paths = [*_paths(CUSTOMER), AGENT / "live.js", *(FOLDER / name for name in SHARED)]
    files = {path.name: Kept.of(path.read_bytes(), path.suffix) for path in paths}
    facts = {"embedder": settings.phones_origin, "business": settings.business_name}
    files[PLACE] = Kept.of(f"self.PLACE = {json.dumps(facts)};\n".encode(), ".js")
    return _make("app", files, settings.phones_origin or "'none'")


def _make(name: str, files: Mapping[str, Kept], ancestors: str) -> Blueprint:
    own = {"Content-Security-Policy": POLICY.format(ancestors=ancestors), "Cache-Control": "no-cache"}
    blueprint = Blueprint(name, __name__, url_prefix=f"/{name}")

    @blueprint.get("")
    def without_slash() -> BaseResponse:
        """Addresses in the page are relative to the folder."""
        return redirect(f"/{name}/")

    @blueprint.get("/")
    def page() -> Response:
        """The app."""
        return _answer(files[PAGE], own)

    @blueprint.get("/<name>")
    def file(name: str) -> Response:
        """One of its files."""
        if name not in files:
            raise NotFound
        return _answer(files[name], own)

    return blueprint


def _answer(kept: Kept, headers: dict[str, str]) -> Response:
    response = Response(kept.body, mimetype=kept.mimetype, headers=headers)
    response.set_etag(kept.tag)
    response.make_conditional(request)
    return response


def read_files(phones_origin: str | None, currency: str) -> dict[str, Kept]:
    """Every file by name, `place.js` among them: what the page and its service worker must know of where they are."""
    files = {path.name: Kept.of(path.read_bytes(), path.suffix) for path in _paths(FOLDER)}
    bytes_of_all = "".join(f"{name}:{kept.tag}," for name, kept in files.items())
    version = hashlib.sha256(f"{bytes_of_all}{phones_origin}{currency}".encode()).hexdigest()[:16]
    to_keep = ["./", *(name for name in files if name not in {PAGE, WORKER}), PLACE]
    facts = {"version": version, "files": to_keep, "embedder": phones_origin, "currency": currency}
    place = f"self.PLACE = {json.dumps(facts)};\n"
    return files | {PLACE: Kept.of(place.encode(), ".js")}


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in TYPES)
