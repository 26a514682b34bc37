"""A stage for the page of phones: serves `sandbox/page/` and the calls it makes, with every item put there by hand.

The pictures need a story that looks the same each time, and the tests of the page need to send what no honest product
would (hostile texts, two hundred messages, silence). Neither needs the carriers, so neither starts them.
"""

import asyncio
import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

PAGE = Path(__file__).parent.parent / "sandbox" / "page"
POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; frame-src http://127.0.0.1:*"
OUR_NUMBER = "+447700900100"
BOT = "harbourandpine_bot"

Item = dict[str, Any]


class Stage:
    """One server on loopback in a thread of its own; `play` makes an item appear, `posts` holds what the page sent."""

    def __init__(self, people: list[Item], at: datetime | None = None) -> None:
        self.people = people
        self.at = at
        self.items: list[Item] = []
        self.posts: list[tuple[str, Item]] = []
        self.faults: list[Item] = []
        self.webhook_status: int | None = 200
        self.reps: list[Item] = []
        self.rep_app = ""
        self.product = ""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)
        self._thread.start()
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread:
            self._thread.join(timeout=5)
        self._loop.close()

    def open(self) -> None:
        """Start serving; after `close` on the same port as before."""
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(timeout=10)

    def close(self) -> None:
        """Stop serving and cut every stream, as a killed sandbox would; the items stay."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)

    def play(self, channel: str, direction: str = "out", **facts: Any) -> Item:
        """Put one item on the wire: `to` or `from_` (the customer), `body`, `provider_id`, `method`, `raw`, `at`."""
        item = {
            "n": len(self.items) + 1,
            "at": (facts.get("at") or self.at or datetime.now(UTC)).isoformat(),
            "direction": direction,
            "channel": channel,
            "to": facts.get("to", OUR_NUMBER),
            "from": facts.get("from_", OUR_NUMBER),
            "body": facts.get("body", ""),
            "provider_id": str(facts.get("provider_id", f"SANDBOX{len(self.items) + 1}")),
            "method": facts.get("method"),
            "raw": facts.get("raw", {}),
        }
        return self._append(item)

    def status(self, provider_id: str, status: str) -> Item:
        """A carrier's later word about one message: queued, sent, delivered, undelivered or failed."""
        return self._append(
            {"n": len(self.items) + 1, "type": "status", "provider_id": str(provider_id), "status": status}
        )

    def _append(self, item: Item) -> Item:
        self.items.append(item)
        self._loop.call_soon_threadsafe(self._wake)
        return item

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _open(self) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/page/{file}", self._file),
                web.get("/_control/people", self._people),
                web.get("/_control/history", self._history),
                web.get("/_control/stream", self._stream),
                web.post("/_control/sms", self._sms),
                web.post("/_control/telegram", self._telegram),
                web.get("/_control/faults", self._list_faults),
                web.post("/_control/faults", self._add_fault),
                web.delete("/_control/faults", self._clear_faults),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner:
            self._wake()
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _index(self, request: web.Request) -> web.FileResponse:
        return _static("index.html")

    async def _file(self, request: web.Request) -> web.FileResponse:
        return _static(request.match_info["file"])

    async def _people(self, request: web.Request) -> web.Response:
        ours = {"our_number": OUR_NUMBER, "bot_username": BOT}
        reps = {"reps": self.reps, "rep_app": self.rep_app} if self.reps else {}
        product = {"product": self.product} if self.product else {}
        return web.json_response({"people": self.people} | ours | reps | product)

    async def _history(self, request: web.Request) -> web.Response:
        return web.json_response({"items": self.items})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        await response.write(b": here\n\n")
        sent = int(request.query.get("after", "0"))
        while self._runner is not None:
            changed = self._changed
            for item in self.items[sent:]:
                await response.write(f"data: {json.dumps(item)}\n\n".encode())
                sent = item["n"]
            await changed.wait()
        return response

    async def _sms(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.posts.append(("sms", body))
        item = self.play("sms", "in", from_=body["from"], body=body["body"])
        return web.json_response({"sid": item["provider_id"], "webhook_status": self.webhook_status})

    async def _telegram(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.posts.append(("telegram", body))
        person = {"id": body["user_id"]}
        if "callback_data" in body:
            query = {"id": f"q{len(self.items) + 1}", "from": person, "data": body["callback_data"]}
            raw, text = (
                {"callback_query": query | {"message": {"message_id": body["message_id"]}}},
                body["callback_data"],
            )
        else:
            text = body.get("text", "")
            raw = {"message": {key: body[key] for key in ("text", "contact") if key in body} | {"from": person}}
        item = self.play("telegram", "in", from_=str(body["user_id"]), body=text, raw=raw)
        return web.json_response({"update_id": item["n"], "webhook_status": self.webhook_status})

    async def _list_faults(self, request: web.Request) -> web.Response:
        return web.json_response({"items": self.faults})

    async def _add_fault(self, request: web.Request) -> web.Response:
        self.faults.append(await request.json())
        return web.json_response(self.faults[-1], status=201)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self.faults.clear()
        return web.Response(status=204)


def _static(name: str) -> web.FileResponse:
    path = PAGE / name
    if not path.is_file():
        raise web.HTTPNotFound
    types = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    if path.suffix in types:
        headers["Content-Type"] = types[path.suffix]
    return web.FileResponse(path, headers=headers)
