"""No fact without its trace: every writing operation and every bot command, walked through, grows the log.

The walk is checked against the application's own list of operations: a new one that is not walked fails here.
"""

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher, profiles
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bots.table import COMMANDS
from mcrm import keys
from mcrm.access import passwords
from mcrm.actors import Role
from mcrm.api.state import Root
from mcrm.db import Database
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from tests.bots.conftest import SETTINGS, Phones
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product
from tests.deliveries.carriers import Carrier, a_round, queue

PASSWORD = "correct horse battery"
DEVICE = {"id": "pixel-1", "name": "Sam's phone", "platform": "android"}
WRITING = {"POST", "PUT", "PATCH", "DELETE"}
CARRIERS_OWN = {"start", "help", "cancel"}
LEAVES_NONE = {("auth.Refresh", "POST"): "a new pair for the same session is not a fact about anybody"}


class Walk:
    """Calls operations one after the other, and notes which of them left how many interactions."""

    def __init__(self, client: FlaskClient, session: Session) -> None:
        self.client = client
        self.session = session
        self.traces: dict[tuple[str, str], int] = {}

    def facts(self) -> int:
        self.session.expire_all()
        return self.session.scalar(select(func.count()).select_from(Interaction)) or 0

    def step(self, method: str, path: str, call: Callable[[], Any]) -> Any:
        """Make one call; it must succeed. Its operation is found by the application's own router."""
        endpoint, _ = self.client.application.url_map.bind("localhost").match(path, method=method)
        before = self.facts()
        answer = call()
        assert 200 <= answer.status_code < 300, (method, path, answer.status_code, answer.text)
        key = (endpoint, method)
        self.traces[key] = max(self.traces.get(key, 0), self.facts() - before)
        return answer.json if answer.data else None

    def post(self, caller: Caller, path: str, body: Any = None) -> Any:
        return self.step("POST", path, lambda: caller.post(path, body))

    def put(self, caller: Caller, path: str, body: Any = None) -> Any:
        return self.step("PUT", path, lambda: caller.put(path, body))

    def patch(self, caller: Caller, path: str, body: Any) -> Any:
        tag = caller.get(path).headers["ETag"]
        return self.step("PATCH", path, lambda: caller.patch(path, body, tag))

    def delete(self, caller: Caller, path: str) -> Any:
        tag = caller.get(path).headers.get("ETag")
        return self.step("DELETE", path, lambda: caller.delete(path, tag))


@pytest.fixture
def walk(client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch) -> Walk:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher.from_parameters(profiles.CHEAPEST))
    return Walk(client, session)


def writing_operations(client: FlaskClient) -> set[tuple[str, str]]:
    [state] = [part for part in client.application.extensions.values() if isinstance(part, Root)]
    return {key for key in state.access if key[1] in WRITING}


def test_every_writing_operation_leaves_an_interaction(walk: Walk) -> None:
    ada = as_staff(walk.client, Role.ADMIN)
    administration(walk, ada)
    people(walk, ada)
    selling(walk, ada)
    customers_own(walk)
    field_days(walk, ada)
    signing_in(walk, ada)

    assert writing_operations(walk.client) - walk.traces.keys() == set(), "operations that nobody walks"
    silent = {key for key, count in walk.traces.items() if count == 0}
    assert silent == LEAVES_NONE.keys()


def administration(walk: Walk, ada: Caller) -> None:
    west = walk.post(ada, "/v1/territories", {"name": "West"})["id"]
    walk.patch(ada, f"/v1/territories/{west}", {"name": "Far West"})
    new = {"email": "sam@harbourandpine.example", "name": "Sam Doyle", "role": "rep", "password": PASSWORD}
    sam = walk.post(ada, "/v1/users", new)["id"]
    walk.patch(ada, f"/v1/users/{sam}", {"team": "field"})
    walk.put(ada, f"/v1/territories/{west}/grants/{sam}")
    walk.step(
        "DELETE", f"/v1/territories/{west}/grants/{sam}", lambda: ada.delete(f"/v1/territories/{west}/grants/{sam}")
    )
    account = walk.post(ada, "/v1/accounts", {"name": "The Ferry Café"})["id"]
    walk.patch(ada, f"/v1/accounts/{account}", {"name": "The New Ferry Café"})


def people(walk: Walk, ada: Caller) -> None:
    contact = walk.post(ada, "/v1/contacts", {"name": "Rosa Bianchi"})["id"]
    walk.patch(ada, f"/v1/contacts/{contact}", {"name": "Rosa B. Bianchi"})
    number = {"channel": "sms", "address": "+447700900205"}
    point = walk.post(ada, f"/v1/contacts/{contact}/contact-points", number)["id"]
    proof = {"state": "granted", "proof": {"where": "till"}}
    walk.put(ada, f"/v1/contacts/{contact}/consents/sms/marketing", proof)
    suppression = f"/v1/contact-points/{point}/suppression"
    walk.put(ada, suppression, {"detail": "asked us to"})
    walk.step("DELETE", suppression, lambda: ada.delete(suppression))
    path = f"/v1/contacts/{contact}/contact-points/{point}"
    rev = next(item["rev"] for item in ada.get(f"/v1/contacts/{contact}/contact-points").json if item["id"] == point)
    walk.step("DELETE", path, lambda: ada.delete(path, f'"{rev}"'))


def selling(walk: Walk, ada: Caller) -> None:
    ben = a_customer(walk.session, phone="+447700900201", push="ben-token")
    espresso = a_product(walk.session, stock=50)
    walk.session.commit()
    product = walk.post(ada, "/v1/products", {"code": "HP-MUG", "name": "Mug"})["id"]
    walk.patch(ada, f"/v1/products/{product}", {"name": "Stoneware mug"})
    prices = walk.post(ada, "/v1/price-lists", {"name": "Winter", "currency": "GBP"})["id"]
    walk.patch(ada, f"/v1/price-lists/{prices}", {"name": "Deep winter"})
    walk.post(ada, f"/v1/price-lists/{prices}/prices", {"product_id": product, "unit_price": 1400})
    walk.post(ada, "/v1/stock-moves", {"product_id": product, "quantity": 5, "reason": "count"})
    wanted = {"contact_id": str(ben.id), "lines": [{"product_id": str(espresso.id), "quantity": 1}]}
    first, second = (walk.post(ada, "/v1/orders", wanted)["id"] for _ in range(2))
    walk.post(ada, f"/v1/orders/{first}/confirmation")
    walk.post(ada, f"/v1/orders/{first}/shipments", {"carrier": "Royal Mail"})
    walk.post(ada, f"/v1/orders/{first}/delivery")
    walk.post(ada, f"/v1/orders/{second}/cancellation")
    offer = walk.post(ada, "/v1/offers", {"title": "Winter roast", "body": "Dark cherry."})["id"]
    walk.patch(ada, f"/v1/offers/{offer}", {"body": "Dark cherry, cocoa."})
    walk.post(ada, f"/v1/offers/{offer}/announcement")
    for verb in ("retry", "abandonment"):
        walk.session.execute(update(Delivery).values(state=DeliveryState.FAILED.value, reason="test"))
        walk.session.commit()
        delivery = walk.session.scalars(select(Delivery.id)).first()
        walk.post(ada, f"/v1/deliveries/{delivery}/{verb}")


def field_days(walk: Walk, ada: Caller) -> None:
    made = {"id": str(new_id()), "name": "Rosa's Bakery", "_status": "created", "_changed": ""}
    walk.post(ada, "/v1/sync", {"changes": {"accounts": {"created": [made]}}})
    ada.patch(f"/v1/accounts/{made['id']}", {"number": "A-1"})
    edited = {**made, "rev": 1, "number": "A-2", "_status": "updated", "_changed": "number"}
    [conflict] = ada.post("/v1/sync", {"changes": {"accounts": {"updated": [edited]}}}).json["conflicts"]
    walk.post(ada, f"/v1/sync/conflicts/{conflict['id']}/settlement", {"choice": "mine"})


def customers_own(walk: Walk) -> None:
    mei = a_customer(walk.session, "Mei Lin", phone="+447700900204")
    walk.session.commit()
    app = as_customer(walk.client, mei)
    walk.patch(app, "/v1/me", {"name": "Mei-Lin Zhou"})
    walk.put(app, "/v1/me/consents/push/marketing", {"state": "granted"})
    registration = {"kind": "token", "value": "mei-token", "platform": "ios", "locale": "en-GB"}
    walk.put(app, "/v1/me/push-registrations/iphone-1", registration)
    push = queue(mei, walk.session, channel="push")
    a_round("push", Carrier())
    walk.post(app, f"/v1/me/deliveries/{push.id}/receipt", {"state": "read"})
    path = "/v1/me/push-registrations/iphone-1"
    walk.step("DELETE", path, lambda: app.delete(path))
    walk.post(app, "/v1/me/chat-links", {"channel": "telegram"})


def signing_in(walk: Walk, ada: Caller) -> None:
    stranger = Caller(walk.client, "none")
    stranger.headers = {}
    facts = {"email": "sam@harbourandpine.example", "password": PASSWORD, "device": DEVICE}
    pair = walk.post(stranger, "/v1/auth/login", facts)
    walk.post(stranger, "/v1/auth/refresh", {"refresh_token": pair["refresh_token"]})
    walk.post(stranger, "/v1/auth/otp", {"phone": "+447700900204"})
    text = walk.session.scalars(select(Delivery.text).order_by(Delivery.id.desc())).first() or ""
    code = "".join(character for character in text if character.isdigit())[:6]
    walk.post(stranger, "/v1/auth/otp/verify", {"phone": "+447700900204", "code": code, "device": DEVICE})
    second = walk.post(stranger, "/v1/auth/login", {**facts, "device": {"id": "tablet"}})
    sam = Caller(walk.client, pair["access_token"])
    other = next(item["id"] for item in sam.get("/v1/me/sessions").json["items"] if item["device_id"] == "tablet")
    assert second
    walk.step("DELETE", f"/v1/me/sessions/{other}", lambda: sam.delete(f"/v1/me/sessions/{other}"))
    walk.post(sam, "/v1/auth/logout")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_bot_command_leaves_what_was_said_and_what_was_answered(
    command: str, database: Database, session: Session
) -> None:
    keys.use(SETTINGS.secret_key)
    a_customer(session, phone="+447700900201")
    session.commit()
    assert Phones().text("+447700900201", command) == 200
    session.expire_all()
    said = list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))
    assert said[0] == "message.received"
    stopped = command in CARRIERS_OWN  # the carrier answers these itself
    assert stopped or "delivery.queued" in said
