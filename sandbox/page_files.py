"""The page of phones: plain files of `sandbox/page`, under a policy that lets no other host and no inline code in."""

from pathlib import Path

from aiohttp import web

from sandbox.controls import guarded

FOLDER = Path(__file__).resolve().parent / "page"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}
TEXTS = frozenset({"text/html", "text/css", "text/javascript"})
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "frame-src {product}"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_routes(app: web.Application, product: str = "") -> None:
    """Serve `GET /` and the files of the page; `product` is the one origin shown in frames, as the reps' phones."""
    headers = HEADERS | {"Content-Security-Policy": POLICY.format(product=product or "'none'")}

    async def index(_: web.Request) -> web.StreamResponse:
        return _file("index.html", headers)

    async def named(request: web.Request) -> web.StreamResponse:
        return _file(request.match_info["name"], headers)

    app.router.add_get("/", guarded(index))
    app.router.add_get("/page/{name:.+}", guarded(named))


def _file(name: str, headers: dict[str, str]) -> web.Response:
    path = (FOLDER / name).resolve()
    kind = TYPES.get(path.suffix)
    if kind is None or not path.is_relative_to(FOLDER) or not path.is_file():
        return web.Response(status=404, text="There is no such file.", headers=headers)
    charset = "utf-8" if kind in TEXTS else None
    return web.Response(body=path.read_bytes(), content_type=kind, charset=charset, headers=headers)
