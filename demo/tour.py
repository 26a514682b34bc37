"""`mcrm tour`: the README's story against the running demo, each step shown with what came back."""

import copy
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
from rich.console import Console

from demo.fieldwork import FieldDay
from demo.mailing import change_mail
from demo.scene import CannotStart, shown
from demo.trading import Day, NotAsTold
from mcrm import clock

WAIT_S = 10.0
QUIET_S = 1.0


class StepFailed(Exception):
    """A step did not do what the story says."""


class Tour:
    """The story's stage: the API, the carriers, and the people of the demo."""

    def __init__(self, demo: dict[str, Any], client: httpx.Client) -> None:
        """`demo` is what var/demo.json says."""
        self.base = demo["base_url"]
        self.sandbox = demo["sandbox_url"]
        self.people = {person["name"].partition(" ")[0].lower(): person for person in demo["customers"]}
        self.staff = {account["email"].partition("@")[0]: account for account in demo["accounts"]}
        self.client = client
        self.token = ""

    def signed_in_as(self, login: str) -> Self:
        """The same stage for somebody of the staff, named as before the @ of the address, on a device of the tour's."""
        account, other = self.staff[login], copy.copy(self)
        other.token = ""
        device = {"id": f"tour-{login}", "name": "mcrm tour", "platform": "cli"}
        pair = other.call("POST", "/v1/auth/login", email=account["email"], password=account["password"], device=device)
        other.token = pair["access_token"]
        return other

    def as_customer(self, token: str) -> Self:
        """The same stage for the holder of a token."""
        other = copy.copy(self)
        other.token = token
        return other

    def call(self, method: str, path: str, /, **body: Any) -> Any:
        """One call of the API as whoever is signed in; raises StepFailed for anything but a success."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.client.request(method, self.base + path, headers=headers, json=body or None)
        if answer.status_code >= 400:
            raise StepFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
        return answer.json() if answer.content else None

    def control(self, path: str, **body: Any) -> Any:
        """One call of the carriers' controls."""
        answer = self.client.post(self.sandbox + path, json=body)
        if answer.status_code >= 400:
            raise StepFailed(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        return answer.json()

    def last(self) -> int:
        """The number of the newest accepted message."""
        items = self.messages(0)
        return int(items[-1]["n"]) if items else 0

    def messages(self, after: int, **filters: str) -> list[dict[str, Any]]:
        """What the carriers accepted after a number."""
        answer = self.client.get(f"{self.sandbox}/_control/messages", params={"after": after, **filters})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def wait_for(self, after: int, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The first such message; raises StepFailed when none comes."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if found := next((item for item in self.messages(after) if wanted(item)), None):
                return found
            time.sleep(0.05)
        raise StepFailed(f"{what} did not come within {WAIT_S:.0f} s")


def play(description: Path, *, as_json: bool = False) -> bool:
    """Play the story; whether every step went well. Raises CannotStart when no demo runs."""
    try:
        demo = json.loads(description.read_text())
    except (OSError, ValueError):
        raise CannotStart("no demo is running here; start one with `make demo`.") from None
    console = Console(highlight=False)
    with httpx.Client(timeout=15) as client:
        stage = Tour(demo, client)
        steps: list[tuple[str, Callable[[], Iterator[str]]]] = [
            *((title, partial(step, stage)) for title, step in STEPS),
            *Day(stage).steps(),
            *FieldDay(stage).steps(),
        ]
        for number, (title, step) in enumerate(steps, 1):
            went_well, words = _try(step)
            if as_json:
                print(json.dumps({"step": number, "title": title, "ok": went_well, "came_back": words}), flush=True)
            else:
                mark = "[green]✓[/]" if went_well else "[red]✗[/]"
                console.print(f"{mark} [bold]{number}. {title}[/]")
                for line in words:
                    console.print(f"     {line}", markup=False, style="cyan" if went_well else "red", soft_wrap=True)
            if not went_well:
                return False
    if not as_json:
        console.print("[green]All of it stands in the one log:[/]")
        console.print(f"(set -a; . {shown(Path(demo['env_file']))}; {_ourselves()} tail --after 0)", soft_wrap=True)
    return True


def _ourselves() -> str:
    """How this program was called, so that what is printed can be typed."""
    return shown(Path(sys.argv[0]).resolve()) if Path(sys.argv[0]).name == "mcrm" else "python -m cli"


def _try(step: Callable[[], Iterator[str]]) -> tuple[bool, list[str]]:
    words: list[str] = []
    try:
        for line in step():
            words.append(line)
    except (StepFailed, NotAsTold, httpx.HTTPError) as error:
        return False, [*words, str(error)]
    return True, words


def sign_in(tour: Tour) -> Iterator[str]:
    """The admin signs in."""
    admin = tour.staff["ada"]
    device = {"id": "tour", "name": "mcrm tour", "platform": "cli"}
    pair = tour.call("POST", "/v1/auth/login", email=admin["email"], password=admin["password"], device=device)
    tour.token = pair["access_token"]
    yield f"{admin['email']} is in, for {pair['expires_in_s'] // 60} minutes at a time"


def text_for_an_order(tour: Tour) -> Iterator[str]:
    """A customer texts, and hears."""
    ben = tour.people["ben"]
    _text(tour, ben, "START")  # whoever played here by hand may have said STOP
    number = next(order["number"] for order in ben["orders"] if order["status"] != "confirmed")
    yield from _ask(tour, ben, f"where is {number}?", number)


def _text(tour: Tour, person: dict[str, Any], words: str) -> str:
    """What the person hears on it: the reply is awaited, so that it is never taken for that to a later text."""
    after = tour.last()
    tour.control("/_control/sms", **{"from": person["phone"], "body": words})
    reply = tour.wait_for(after, lambda item: item["to"] == person["phone"], f"the reply to {words!r}")
    return str(reply["body"])


def _ask(tour: Tour, person: dict[str, Any], words: str, expected: str) -> Iterator[str]:
    after = tour.last()
    came = tour.control("/_control/sms", **{"from": person["phone"], "body": words})
    if came["webhook_status"] != 200:
        raise StepFailed(f"the webhook answered {came['webhook_status']}")
    yield f"{person['name']} texts: {words}"
    reply = tour.wait_for(after, lambda item: item["to"] == person["phone"] and expected in item["body"], "the reply")
    yield f"reply: {reply['body']}"


def somebody_elses_order(tour: Tour) -> Iterator[str]:
    """Somebody else's order is like one that does not exist."""
    ben, tom = tour.people["ben"], tour.people["tom"]
    bodies = []
    for number in (tom["orders"][0]["number"], "99999"):
        reply = _text(tour, ben, f"track {number}")
        yield f"track {number}: {reply}"
        bodies.append(reply.replace(number, "…"))
    if bodies[0] != bodies[1]:
        raise StepFailed("the two answers differ")


def telegram_chat(tour: Tour) -> Iterator[str]:
    """A chat with buttons."""
    aisha = tour.people["aisha"]
    user = aisha["telegram_user_id"]
    after = tour.last()
    tour.control("/_control/telegram", user_id=user, text="/start")
    tour.wait_for(after, lambda item: item["to"] == str(user) and item["method"] == "sendMessage", "the greeting")
    after = tour.last()
    tour.control("/_control/telegram", user_id=user, text="my orders")
    asked = tour.wait_for(
        after, lambda item: item["to"] == str(user) and bool(_buttons(item)), "a message with buttons"
    )
    label, data = _buttons(asked)[0]
    yield f"{aisha['name']} writes: my orders → {asked['body'].splitlines()[0]}"
    after = tour.last()
    tour.control("/_control/telegram", user_id=user, callback_data=data, message_id=int(asked["provider_id"]))
    yield f"taps [{label}]"
    reply = tour.wait_for(
        after, lambda item: item["to"] == str(user) and item["method"] == "sendMessage", "the answer to the tap"
    )
    yield f"reply: {reply['body'].splitlines()[0]}"


def _buttons(item: dict[str, Any]) -> list[tuple[str, str]]:
    markup = item.get("raw", {}).get("reply_markup") or {}
    if isinstance(markup, str):
        markup = json.loads(markup)
    rows = markup.get("inline_keyboard") or []
    return [(button["text"], button["callback_data"]) for row in rows for button in row if "callback_data" in button]


def ship_an_order(tour: Tour) -> Iterator[str]:
    """An order ships, and its customer gets one push."""
    ben = tour.people["ben"]
    order = _order_again(tour, ben)  # a new one: 1003 is for whoever follows the README by hand
    after = tour.last()
    path = f"/v1/orders/{order['id']}/shipments"
    expected = (clock.now() + timedelta(days=2)).date().isoformat()
    tour.call("POST", path, carrier="Royal Mail", tracking_number="RM100200300GB", expected_on=expected)
    yield f"order {order['number']} is shipped over REST"
    push = tour.wait_for(after, lambda item: item["channel"] == "push", "the push")
    yield f"push to {ben['name']}: {' | '.join(push['body'].splitlines())}"
    time.sleep(QUIET_S)
    if len(told := [item for item in tour.messages(after) if order["number"] in item["body"]]) != 1:
        raise StepFailed(f"{len(told)} messages told of it, not one")


def _order_again(tour: Tour, person: dict[str, Any]) -> dict[str, Any]:
    last = tour.call("GET", f"/v1/orders?contact_id={person['id']}")["items"][0]
    lines = tour.call("GET", f"/v1/orders/{last['id']}")["lines"]
    wanted = [{"product_id": line["product_id"], "quantity": 1} for line in lines]
    placed: dict[str, Any] = tour.call("POST", "/v1/orders", contact_id=person["id"], lines=wanted)
    return placed


def stop_texting(tour: Tour) -> Iterator[str]:
    """STOP holds, and the reason is kept."""
    tom = tour.people["tom"]
    _text(tour, tom, "START")
    said = _text(tour, tom, "please stop texting me")
    yield f"{tom['name']} texts: please stop texting me → {said}"
    before = {delivery["id"] for delivery in _withheld(tour, tom)}  # by the tours played before this one
    after = tour.last()
    order = _order_again(tour, tom)
    tour.call("POST", f"/v1/orders/{order['id']}/shipments", carrier="Royal Mail")
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        held = [delivery for delivery in _withheld(tour, tom) if delivery["id"] not in before]
        if held:
            break
        time.sleep(0.1)
    else:
        raise StepFailed("nothing was withheld")
    if any(item["to"] == tom["phone"] for item in tour.messages(after)):
        raise StepFailed("a text went out all the same")
    yield f"his order {order['number']} ships; nothing goes out, because: {held[0]['reason']}"
    _text(tour, tom, "START")


def _withheld(tour: Tour, person: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/v1/deliveries?contact_id={person['id']}&state=suppressed&limit=100"
    found: list[dict[str, Any]] = tour.call("GET", path)["items"]
    return found


def one_timeline(tour: Tour) -> Iterator[str]:
    """All of it on one timeline."""
    ben = tour.people["ben"]
    items = tour.call("GET", f"/v1/contacts/{ben['id']}/timeline?limit=8")["items"]
    if not {"message.received", "order.shipped"} <= {item["kind"] for item in items}:
        raise StepFailed("the timeline lacks a part of the story")
    for item in items:
        yield f"{item['position']:>5} {item['channel']:<9}{item['kind']}"


STEPS: tuple[tuple[str, Callable[[Tour], Iterator[str]]], ...] = (
    ("Ada signs in", sign_in),
    ("Ben texts for his order", text_for_an_order),
    ("Somebody else's order looks like none", somebody_elses_order),
    ("Aisha chats on Telegram and taps a button", telegram_chat),
    ("Ben's order ships, and his phone shows it once", ship_an_order),
    ("Tom says stop, and it holds", stop_texting),
    ("Aisha's mail address changes once both codes came back", change_mail),
    ("All of it stands on Ben's timeline", one_timeline),
)
