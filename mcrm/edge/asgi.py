"""The words of ASGI that the edge speaks, and what can be read from a request's scope without its body."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def header(scope: Scope, name: bytes) -> str | None:
    """The value of the first header called `name` (lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return None


async def disconnected(receive: Receive) -> None:
    """Return when the client has gone; what it still sends is ignored."""
    while (await receive())["type"] != "http.disconnect":
        pass
