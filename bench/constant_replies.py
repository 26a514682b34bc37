"""Providers that take everything at once, as fast as Python can: what is measured is the client, not them."""

import json
from typing import Any

ANSWERS = {
    "/token": {"access_token": "ya29.constant", "expires_in": 3600, "token_type": "Bearer"},
    "/v1/": {"name": "projects/harbour-and-pine/messages/0:1"},
    "/bot": {"ok": True, "result": {"message_id": 1, "date": 1764100000, "chat": {"id": 700201, "type": "private"}}},
    "/2010": {"sid": "SM" + "1" * 32, "status": "queued"},
}
BODIES = {beginning: json.dumps(answer).encode() for beginning, answer in ANSWERS.items()}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An ASGI application; 200 with the answer of the path's beginning."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    body = next(answer for beginning, answer in BODIES.items() if scope["path"].startswith(beginning))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
