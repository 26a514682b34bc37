"""From an ASGI scope to a WSGI environ, byte-exact where signatures depend on it."""

import sys
from typing import IO
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment

from mcrm.edge.asgi import Scope

# Transfer-Encoding no longer holds once the body is whole, Content-Length is counted, and `Proxy` would pass for a
# setting of outgoing HTTP clients (httpoxy).
LEFT_OUT = frozenset({b"transfer-encoding", b"content-length", b"proxy"})


def environ_of(scope: Scope, body: IO[bytes], size: int) -> WSGIEnvironment:
    """The environ of a request whose body (of `size` bytes) is already here.

    `RAW_URI` is the request target as it came in: webhook signatures are computed over it. Header names with an
    underscore are dropped, since `X_A` would pass for `X-A`.
    """
    server, client = scope.get("server") or ("localhost", None), scope.get("client") or ("", None)
    raw_path = bytes(scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
    query = bytes(scope["query_string"])
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": (raw_path + b"?" + query if query else raw_path).decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1] or ""),
        "CONTENT_LENGTH": str(size),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        _add_header(environ, bytes(name), bytes(value).decode("latin-1"))
    return environ


def _add_header(environ: WSGIEnvironment, name: bytes, value: str) -> None:
    if b"_" in name or name in LEFT_OUT:
        return
    prefix = "" if name == b"content-type" else "HTTP_"
    key = prefix + name.decode("latin-1").upper().replace("-", "_")
    if key in environ:
        value = f"{environ[key]}{'; ' if name == b'cookie' else ','}{value}"
    environ[key] = value
