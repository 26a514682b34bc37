"""No fact without its trace: every writing operation and every bot command, walked through, grows the log.

The walk is checked against the application's own list of operations: a new one that is not walked fails here.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

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
from mcrm.audit.models import AuditEntry
from mcrm.bulk.running import run_to_end
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.conversations.models import Message
from mcrm.db import Database
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from tests.bots.conftest import SETTINGS, Phones
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_handover, a_product
from tests.deliveries.carriers import Carrier, a_round, queue

PASSWORD = "correct horse battery"
DEVICE = {"id": "pixel-1", "name": "Sam's phone", "platform": "android"}
WRITING = {"POST", "PUT", "PATCH", "DELETE"}
CARRIERS_OWN = {"start", "help", "cancel"}
LEAVES_NONE = {
    ("auth.Refresh", "POST"): "a new pair for the same session is not a fact about anybody",
    ("prices.Prices", "POST"): "a question with many parts: nothing is kept of it",
    ("own-prices.OwnPrices", "POST"): "the same question, asked by a customer",
    ("templates.Preview", "POST"): "it shows words and stores nothing",
}


class Walk:
    """Calls operations one after the other, and notes which of them left how many interactions."""

    def __init__(self, client: FlaskClient, session: Session) -> None:
        self.client = client
        self.session = session
        self.traces: dict[tuple[str, str], int] = {}
        self.audited: dict[tuple[str, str], int] = {}

    def facts(self) -> int:
        self.session.expire_all()
        return self.session.scalar(select(func.count()).select_from(Interaction)) or 0

    def acts(self) -> int:
        return self.session.scalar(select(func.count()).select_from(AuditEntry)) or 0

    def step(self, method: str, path: str, call: Callable[[], Any]) -> Any:
        """Make one call; it must succeed. Its operation is found by the application's own router."""
        endpoint, _ = self.client.application.url_map.bind("localhost").match(path, method=method)
        before, acts = self.facts(), self.acts()
        answer = call()
        assert 200 <= answer.status_code < 300, (method, path, answer.status_code, answer.text)
        key = (endpoint, method)
        self.traces[key] = max(self.traces.get(key, 0), self.facts() - before)
        self.audited[key] = max(self.audited.get(key, 0), self.acts() - acts)
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


def state_of(client: FlaskClient) -> Root:
    [state] = [part for part in client.application.extensions.values() if isinstance(part, Root)]
    return state


def writing_operations(client: FlaskClient) -> set[tuple[str, str]]:
    return {key for key in state_of(client).access if key[1] in WRITING}


def test_every_writing_operation_leaves_an_interaction(walk: Walk) -> None:
    ada = as_staff(walk.client, Role.ADMIN)
    administration(walk, ada)
    rules(walk, ada)
    people(walk, ada)
    people_known_better(walk, ada)
    learning(walk, ada)
    selling(walk, ada)
    storing(walk, ada)
    quoting_and_returning(walk, ada)
    leads(walk, ada)
    opportunities_and_targets(walk, ada)
    in_bulk(walk, ada)
    in_the_field(walk, ada)
    customers_own(walk, ada)
    data_of_ones_own(walk, ada)
    field_days(walk, ada)
    at_the_desk(walk, ada)
    signing_in(walk, ada)

    assert writing_operations(walk.client) - walk.traces.keys() == set(), "operations that nobody walks"
    silent = {key for key, count in walk.traces.items() if count == 0}
    assert silent == LEAVES_NONE.keys()
    admins_alone = {key for key, access in state_of(walk.client).access.items() if access.roles == {Role.ADMIN}}
    unaudited = {key for key in walk.audited.keys() & admins_alone if not walk.audited[key]}
    assert unaudited == set(), "what only an admin may do, and the audit does not know"


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
    empty = walk.post(ada, "/v1/territories", {"name": "Nowhere"})["id"]
    walk.delete(ada, f"/v1/territories/{empty}")
    reset = walk.post(ada, f"/v1/users/{sam}/password-reset")
    stranger = Caller(walk.client, "none")
    stranger.headers = {}
    walk.post(stranger, "/v1/auth/password-reset", {"token": reset["token"], "password": PASSWORD + " anew"})
    walk.step("DELETE", f"/v1/users/{sam}/sessions", lambda: ada.delete(f"/v1/users/{sam}/sessions"))
    new["email"], new["name"] = "lena@harbourandpine.example", "Lena Fischer"
    walk.post(ada, "/v1/users", new)
    facts = {"email": new["email"], "password": PASSWORD, "device": DEVICE}
    lena = Caller(walk.client, walk.client.post("/v1/auth/login", json=facts).json["access_token"])
    walk.put(lena, "/v1/me/password", {"old_password": PASSWORD, "new_password": PASSWORD + " anew"})
    account = walk.post(ada, "/v1/accounts", {"name": "The Ferry Café"})["id"]
    walk.patch(ada, f"/v1/accounts/{account}", {"name": "The New Ferry Café"})


def rules(walk: Walk, ada: Caller) -> None:
    key = walk.post(ada, "/v1/integration-keys", {"name": "Web shop", "scopes": ["orders:read"]})["id"]
    walk.patch(ada, f"/v1/integration-keys/{key}", {"scopes": ["orders:read", "orders:write"]})
    walk.post(ada, f"/v1/integration-keys/{key}/revocation")
    path = "/v1/settings/sender-name"
    tag = ada.get(path).headers["ETag"]
    walk.step("PUT", path, lambda: ada.put(path, {"value": "H & P"}, tag))
    walk.delete(ada, path)
    words = {"key": "order.shipped", "channel": "sms", "locale": "en", "body": "{{ number }} has left."}
    template = walk.post(ada, "/v1/templates", words)["id"]
    walk.patch(ada, f"/v1/templates/{template}", {"body": "Order {{ number }} has left."})
    walk.post(ada, f"/v1/templates/{template}/preview")
    walk.delete(ada, f"/v1/templates/{template}")


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
    points = ada.get(f"/v1/contacts/{contact}/contact-points").json["items"]
    rev = next(item["rev"] for item in points if item["id"] == point)
    walk.step("DELETE", path, lambda: ada.delete(path, f'"{rev}"'))


def people_known_better(walk: Walk, ada: Caller) -> None:
    field = {"table": "contacts", "name": "roast", "type": "string", "label": "Favourite roast"}
    made = walk.post(ada, "/v1/custom-fields", field)["id"]
    walk.patch(ada, f"/v1/custom-fields/{made}", {"label": "Roast"})
    walk.delete(ada, f"/v1/custom-fields/{made}")
    person = walk.post(ada, "/v1/contacts", {"name": "Dorcas Webb"})
    twin = walk.post(ada, "/v1/contacts", {"name": "Dorcas Web"})
    account = walk.post(ada, "/v1/accounts", {"name": "Webb & Daughter"})["id"]
    where = {"kind": "delivery", "lines": ["3 Narrow Quay"], "postcode": "BS1 4QA", "city": "Bristol", "country": "GB"}
    for owner in (f"/v1/contacts/{person['id']}", f"/v1/accounts/{account}"):
        address = walk.post(ada, f"{owner}/addresses", where)["id"]
        walk.patch(ada, f"{owner}/addresses/{address}", {"lines": ["4 Narrow Quay"]})
        walk.delete(ada, f"{owner}/addresses/{address}")
        walk.put(ada, f"{owner}/tags/wholesale")
        walk.step("DELETE", f"{owner}/tags/wholesale", lambda owner=owner: ada.delete(f"{owner}/tags/wholesale"))
        walk.post(ada, f"{owner}/notes", {"text": "Opens at seven."})
    role = f"/v1/accounts/{account}/contacts/{person['id']}"
    walk.put(ada, role, {"roles": ["buyer"]})
    walk.step("DELETE", role, lambda: ada.delete(role))
    walk.delete(ada, f"/v1/accounts/{account}")
    dismissal = f"/v1/contacts/{person['id']}/duplicates/{twin['id']}/dismissal"
    walk.put(ada, dismissal)
    walk.step("DELETE", dismissal, lambda: ada.delete(dismissal))
    walk.post(ada, f"/v1/contacts/{person['id']}/merge", {"other_id": twin["id"]})
    walk.post(ada, f"/v1/contacts/{twin['id']}/unmerge")


def selling(walk: Walk, ada: Caller) -> None:
    ben = a_customer(walk.session, phone="+447700900201", push="ben-token")
    espresso = a_product(walk.session, stock=50)
    walk.session.commit()
    product = walk.post(ada, "/v1/products", {"code": "HP-MUG", "name": "Mug"})["id"]
    walk.patch(ada, f"/v1/products/{product}", {"name": "Stoneware mug"})
    prices = walk.post(ada, "/v1/price-lists", {"name": "Winter", "currency": "GBP"})["id"]
    walk.patch(ada, f"/v1/price-lists/{prices}", {"name": "Deep winter"})
    path = f"/v1/price-lists/{prices}/prices"
    walk.delete(ada, f"{path}/{walk.post(ada, path, {'product_id': product, 'unit_price': 1400})['id']}")
    rate = {"code": "standard", "name": "VAT", "basis_points": 2000, "valid_from": "2011-01-04T00:00:00Z"}
    walk.post(ada, "/v1/tax-rates", rate)
    limit = "/v1/discount-limits/rep"
    walk.step("PUT", limit, lambda: ada.put(limit, {"basis_points": 500}, '"0"'))
    asked = {"contact_id": str(ben.id), "lines": [{"product_id": str(espresso.id), "quantity": 1}]}
    walk.post(ada, "/v1/prices", asked)
    walk.post(ada, "/v1/stock-moves", {"product_id": product, "quantity": 5, "reason": "count"})
    wanted = {"contact_id": str(ben.id), "lines": [{"product_id": str(espresso.id), "quantity": 1}]}
    first, second = (walk.post(ada, "/v1/orders", wanted)["id"] for _ in range(2))
    walk.post(ada, f"/v1/orders/{first}/confirmation")
    walk.post(ada, f"/v1/orders/{first}/shipments", {"carrier": "Royal Mail"})
    walk.post(ada, f"/v1/orders/{first}/delivery")
    walk.post(ada, f"/v1/orders/{second}/cancellation")
    money(walk, ada, first)
    offer = walk.post(ada, "/v1/offers", {"title": "Winter roast", "body": "Dark cherry."})["id"]
    walk.patch(ada, f"/v1/offers/{offer}", {"body": "Dark cherry, cocoa."})
    walk.post(ada, f"/v1/offers/{offer}/announcement")
    for verb in ("retry", "abandonment"):
        walk.session.execute(update(Delivery).values(state=DeliveryState.FAILED.value, reason="test"))
        walk.session.commit()
        delivery = walk.session.scalars(select(Delivery.id)).first()
        walk.post(ada, f"/v1/deliveries/{delivery}/{verb}")
    for verb in ("retries", "abandonments"):
        walk.session.execute(update(Delivery).values(state=DeliveryState.FAILED.value, reason="test"))
        walk.session.commit()
        assert walk.post(ada, f"/v1/deliveries/{verb}", {"reason": "test"})["decided"]


def money(walk: Walk, ada: Caller, order: str) -> None:
    """Of an order of 9.50."""
    card = {"method": "card", "state": "authorised", "amount": 100, "currency": "GBP"}
    for verb in ("capture", "void"):
        payment = walk.post(ada, f"/v1/orders/{order}/payments", {**card, "external_reference": verb})["id"]
        walk.post(ada, f"/v1/payments/{payment}/{verb}")
    walk.post(ada, f"/v1/orders/{order}/refunds", {"method": "cash", "amount": 50, "currency": "GBP"})
    invoice = walk.post(ada, f"/v1/orders/{order}/invoices")["id"]
    walk.post(ada, f"/v1/invoices/{invoice}/credit-notes", {"amount": 50})


def storing(walk: Walk, ada: Caller) -> None:
    beans = a_product(walk.session, "BEANS", stock=9)
    walk.session.commit()
    van = walk.post(ada, "/v1/stock-locations", {"code": "van", "name": "The van", "sells": False})["id"]
    walk.patch(ada, f"/v1/stock-locations/{van}", {"name": "The old van"})
    carried = {"product_id": str(beans.id), "quantity": 2, "source": "main", "target": "van"}
    item = walk.post(ada, "/v1/stock-transfers", carried)["source"]["id"]
    lease = walk.post(ada, "/v1/stock-leases", {"product_id": str(beans.id), "quantity": 2})["id"]
    walk.post(ada, f"/v1/stock-leases/{lease}/return", {"quantity": 1})
    walk.patch(ada, f"/v1/stock-items/{item}", {"reorder_point": 3, "reorder_quantity": 20})
    for steps in (("order", "receipt"), ("cancellation",)):
        asked = walk.post(ada, "/v1/purchase-requests", {"stock_item_id": item, "quantity": 20})["id"]
        for step in steps:
            walk.post(ada, f"/v1/purchase-requests/{asked}/{step}")


def quoting_and_returning(walk: Walk, ada: Caller) -> None:
    tom = a_customer(walk.session, "Tom Reilly", phone="+447700900203")
    cup = a_product(walk.session, "CUP", stock=50)
    walk.session.commit()
    wanted = {"contact_id": str(tom.id), "lines": [{"product_id": str(cup.id), "quantity": 4}]}
    kept, refused = (walk.post(ada, "/v1/quotes", wanted)["id"] for _ in range(2))
    order = walk.post(ada, f"/v1/quotes/{kept}/acceptance")
    walk.post(ada, f"/v1/quotes/{refused}/declination", {"reason": "too dear"})
    path, line = f"/v1/orders/{order['id']}", order["lines"][0]["id"]
    walk.patch(ada, f"{path}/lines", {"lines": [{"line_id": line, "quantity": 3}]})
    part = {"carrier": "DPD", "lines": [{"line_id": line, "quantity": 2}]}
    shipment = walk.post(ada, f"{path}/shipments", part)["id"]
    walk.post(ada, f"{path}/shipments/{shipment}/delivery")
    walk.post(ada, f"{path}/cancellation", {"lines": [{"line_id": line, "quantity": 1}]})
    walk.post(ada, f"{path}/tracking-link")
    back = {"lines": [{"line_id": line, "quantity": 1}], "reason": "damaged"}
    first, second = (walk.post(ada, f"{path}/returns", back)["id"] for _ in range(2))
    walk.post(ada, f"/v1/returns/{first}/withdrawal")
    walk.post(ada, f"/v1/returns/{second}/receipt")
    finding = {"line_id": line, "verdict": "scrap", "refundable_quantity": 1}
    walk.post(ada, f"/v1/returns/{second}/inspection", {"lines": [finding]})
    walk.post(ada, f"/v1/returns/{second}/closure")


def leads(walk: Walk, ada: Caller) -> None:
    west = walk.post(ada, "/v1/territories", {"name": "North West"})["id"]
    place = f"/v1/territories/{west}/places/GB/L1"
    walk.put(ada, place)
    walk.step("DELETE", place, lambda: ada.delete(place))
    made = [walk.post(ada, "/v1/leads", {"name": f"Lead {number}", "territory_id": west})["id"] for number in range(2)]
    kept, lost = (f"/v1/leads/{id_}" for id_ in made)
    walk.patch(ada, kept, {"company": "Bianchi Bakery"})
    walk.post(ada, f"{kept}/claim")
    walk.post(ada, f"{kept}/assignment")
    walk.post(ada, f"{kept}/touches", {"how": "call", "text": "Wants samples."})
    walk.post(ada, f"{kept}/qualification")
    account = walk.post(ada, f"{kept}/conversion")["account_id"]
    walk.post(ada, f"{lost}/loss", {"reason": "spam"})
    walk.post(ada, f"{lost}/reopening")
    east = walk.post(ada, "/v1/territories", {"name": "North East"})["id"]
    walk.post(ada, f"/v1/accounts/{account}/move", {"territory_id": east})


def opportunities_and_targets(walk: Walk, ada: Caller) -> None:
    stage = {"key": "tasting", "name": "Tasting", "place": 15, "probability": 25}
    tasting = walk.post(ada, "/v1/pipeline-stages", stage)["id"]
    walk.patch(ada, f"/v1/pipeline-stages/{tasting}", {"probability": 30})
    walk.delete(ada, f"/v1/pipeline-stages/{tasting}")
    account = walk.post(ada, "/v1/accounts", {"name": "Quay Stores"})["id"]
    made = walk.post(ada, "/v1/opportunities", {"name": "Mugs", "account_id": account})["id"]
    path = f"/v1/opportunities/{made}"
    walk.patch(ada, path, {"amount": 40_000})
    walk.post(ada, f"{path}/stages", {"stage": "proposal"})
    walk.post(ada, f"{path}/win")
    walk.post(ada, f"{path}/reopening")
    walk.post(ada, f"{path}/loss", {"reason": "timing"})
    facts = {"measure": "new-accounts", "team": "field", "goal": 5, "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    target = walk.post(ada, "/v1/targets", facts)["id"]
    walk.patch(ada, f"/v1/targets/{target}", {"goal": 6})
    walk.delete(ada, f"/v1/targets/{target}")


def in_bulk(walk: Walk, ada: Caller) -> None:
    rows = {"data": "name\nRosa Bianchi\n", "content_type": "text/csv", "headers": ada.headers}
    path = "/v1/imports"
    first, second = (
        walk.step("POST", path, lambda: walk.client.post(f"{path}?resource=contacts", **rows))["id"] for _ in range(2)
    )
    walk.post(ada, f"{path}/{first}/run", {"dry_run": False})
    run_to_end(UUID(first))
    walk.post(ada, f"{path}/{first}/undo")
    walk.post(ada, f"{path}/{second}/cancellation")
    asked = {"resource": "contacts", "filter": {"q": "Rosa"}, "set": {"locale": "it"}}
    first, second = (walk.post(ada, "/v1/bulk-changes", asked)["id"] for _ in range(2))
    walk.post(ada, f"/v1/bulk-changes/{first}/run")
    walk.post(ada, f"/v1/bulk-changes/{second}/cancellation")


def in_the_field(walk: Walk, ada: Caller) -> None:
    account = {"account_id": walk.post(ada, "/v1/accounts", {"name": "Quay Deli"})["id"]}
    task = walk.post(ada, "/v1/tasks", {**account, "title": "Bring the decaf"})["id"]
    walk.patch(ada, f"/v1/tasks/{task}", {"title": "Bring two decafs"})
    walk.post(ada, f"/v1/tasks/{task}/snooze", {"until": "2030-01-01T09:00:00Z"})
    walk.post(ada, f"/v1/tasks/{task}/completion")
    walk.delete(ada, f"/v1/tasks/{task}")
    walk.post(ada, "/v1/activities", {**account, "kind": "call.logged", "outcome": "reached"})
    walk.put(ada, "/v1/visit-cadences/A", {"every_days": 14})
    walk.step("DELETE", "/v1/visit-cadences/A", lambda: ada.delete("/v1/visit-cadences/A"))
    first, second = (walk.post(ada, "/v1/planned-visits", {**account, "on": "2026-12-01"})["id"] for _ in range(2))
    walk.patch(ada, f"/v1/planned-visits/{first}", {"purpose": "A new blend"})
    walk.post(ada, f"/v1/planned-visits/{second}/cancellation")
    questions = {"questions": [{"key": "facings", "label": "Facings", "type": "number"}]}
    form = walk.post(ada, "/v1/visit-forms", {"name": "Shelf check", **questions})["id"]
    visit = walk.post(ada, "/v1/visits", account)["id"]
    walk.post(ada, f"/v1/visits/{visit}/reports", {"form_id": form, "answers": {"facings": 6}})
    walk.post(ada, f"/v1/visits/{visit}/check-out", {"outcome": "no_need"})
    walk.put(ada, f"/v1/visits/{visit}/outcome", {"outcome": "follow_up"})
    form = walk.post(ada, f"/v1/visit-forms/{form}/versions", questions)["id"]
    walk.post(ada, f"/v1/visit-forms/{form}/retirement")


def field_days(walk: Walk, ada: Caller) -> None:
    made = {"id": str(new_id()), "name": "Rosa's Bakery", "_status": "created", "_changed": ""}
    walk.post(ada, "/v1/sync", {"changes": {"accounts": {"created": [made]}}})
    ada.patch(f"/v1/accounts/{made['id']}", {"number": "A-1"})
    edited = {**made, "rev": 1, "number": "A-2", "_status": "updated", "_changed": "number"}
    [conflict] = ada.post("/v1/sync", {"changes": {"accounts": {"updated": [edited]}}}).json["conflicts"]
    walk.post(ada, f"/v1/sync/conflicts/{conflict['id']}/settlement", {"choice": "mine"})


def at_the_desk(walk: Walk, ada: Caller) -> None:
    tom = a_customer(walk.session, "Rosa Bianchi", phone="+447700900771")
    aisha = a_customer(walk.session, "Jonah Price", phone="+447700900772")
    waiting, other = a_handover(walk.session, tom), a_handover(walk.session, aisha)
    walk.session.commit()
    kofi = as_staff(walk.client, Role.AGENT, name="Kofi Mensah").get("/v1/staff/me").json["id"]
    walk.put(ada, "/v1/inbox/presence", {"is_present": True})
    one, another = (f"/v1/inbox/handovers/{row.id}" for row in (waiting, other))
    walk.post(ada, f"{one}/assignment")
    walk.post(ada, f"{one}/messages", {"text": "Hello Tom."})
    walk.post(ada, f"{one}/notes", {"text": "Waits for a parcel."})
    walk.post(ada, f"{one}/resolution")
    walk.post(ada, f"{another}/transfer", {"agent_id": kofi})
    walk.post(ada, f"{another}/takeover", {"reason": "Back in the shop."})
    walk.post(ada, f"{another}/return")
    walk.session.add(Message(channel="sms", direction="in", provider_id="SM1", kind="text", text="Hi",
                             contact_id=tom.id, contact_point_id=waiting.contact_point_id))  # fmt: skip
    walk.session.commit()
    walk.post(ada, "/v1/inbox/handovers", {"contact_id": str(tom.id)})
    hello = walk.post(ada, "/v1/canned-replies", {"name": "hello", "body": "Hello {{ customer }}."})["id"]
    walk.patch(ada, f"/v1/canned-replies/{hello}", {"body": "Good day {{ customer }}."})
    walk.delete(ada, f"/v1/canned-replies/{hello}")
    complaint = {"contact_id": str(tom.id), "kind": "complaint", "summary": "A cup broke."}
    case = walk.post(ada, "/v1/cases", complaint)["id"]
    walk.patch(ada, f"/v1/cases/{case}", {"state": "working"})
    walk.post(ada, f"/v1/cases/{case}/notes", {"text": "A new cup is on its way."})
    walk.post(ada, f"/v1/cases/{case}/closure")


def customers_own(walk: Walk, ada: Caller) -> None:
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
    ended = f"/v1/contacts/{mei.id}/sessions"
    as_customer(walk.client, mei, "tablet")
    walk.step("DELETE", ended, lambda: ada.delete(ended))
    app = as_customer(walk.client, mei)
    walk.post(app, "/v1/me/chat-links", {"channel": "telegram"})
    walk.post(app, "/v1/me/conversation/messages", {"client_id": "m-1", "text": "where is my order?"})
    sold = a_product(walk.session, "HP-CAN", "Beeswax candle")
    walk.session.commit()
    walk.post(app, "/v1/me/prices", {"lines": [{"product_id": str(sold.id), "quantity": 1}]})
    wanted = {"contact_id": str(mei.id), "lines": [{"product_id": str(sold.id), "quantity": 2}]}
    taken, refused = (ada.post("/v1/quotes", wanted).json["id"] for _ in range(2))
    walk.post(app, f"/v1/me/quotes/{refused}/declination", {"reason": "too many"})
    order = walk.post(app, f"/v1/me/quotes/{taken}/acceptance")
    walk.post(app, f"/v1/me/orders/{order['id']}/tracking-link")
    ada.post(f"/v1/orders/{order['id']}/shipments", {"carrier": "Royal Mail"})
    ada.post(f"/v1/orders/{order['id']}/delivery")
    shopping_and_moving(walk, app, str(sold.id))
    back = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 1}], "reason": "changed_mind"}
    unwanted = walk.post(app, f"/v1/me/orders/{order['id']}/returns", back)["id"]
    walk.post(app, f"/v1/me/returns/{unwanted}/withdrawal")


def data_of_ones_own(walk: Walk, ada: Caller) -> None:
    jonah = a_customer(walk.session, "Jonah Price", phone="+447700900773")
    walk.session.commit()
    app = as_customer(walk.client, jonah)
    walk.post(app, "/v1/me/export")
    asked_back = walk.post(app, "/v1/me/deletion")
    walk.post(app, "/v1/me/deletion", {"confirmation": asked_back["confirmation"]})
    walk.delete(app, "/v1/me/deletion")
    path = f"/v1/contacts/{jonah.id}/erasure"
    walk.post(ada, path)
    walk.delete(ada, path)


def shopping_and_moving(walk: Walk, app: Caller, product_id: str) -> None:
    """What customers settle themselves in the app."""
    order = walk.post(app, "/v1/me/orders", {"lines": [{"product_id": product_id, "quantity": 2}]})
    path = f"/v1/me/orders/{order['id']}"
    walk.patch(app, f"{path}/lines", {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 3}]})
    walk.post(app, f"{path}/reorder")
    walk.post(app, f"{path}/cancellation")
    where = {"kind": "delivery", "lines": ["3 Narrow Quay"], "postcode": "BS1 4QA", "city": "Bristol", "country": "GB"}
    address = f"/v1/me/addresses/{walk.post(app, '/v1/me/addresses', where)['id']}"
    walk.patch(app, address, {"lines": ["4 Narrow Quay"]})
    walk.delete(app, address)
    mei = walk.session.scalars(select(Contact).where(Contact.name == "Mei-Lin Zhou")).one()
    chat = ContactPoint(contact_id=mei.id, channel="telegram", address="700204")
    walk.session.add(chat)
    walk.session.commit()
    walk.step("DELETE", f"/v1/me/chats/{chat.id}", lambda: app.delete(f"/v1/me/chats/{chat.id}"))
    told = walk.session.scalar(select(func.max(Interaction.position)))
    walk.put(app, "/v1/me/conversation/reading", {"position": told})
    changing_the_number(walk, app, mei)
    night = "/v1/me/preferences/quiet-hours"
    walk.step("PUT", night, lambda: app.put(night, {"begins": "21:00", "ends": "08:00"}))
    walk.step("DELETE", night, lambda: app.delete(night))
    as_customer(walk.client, mei, "tablet")
    walk.step("DELETE", "/v1/me/sessions", lambda: app.delete("/v1/me/sessions"))


def changing_the_number(walk: Walk, app: Caller, mei: Contact) -> None:
    """The former one is lost: a person decides."""
    path, new = "/v1/me/contact-changes", "+447700900294"
    change = walk.post(app, path, {"channel": "sms", "address": new})["id"]
    to_new = select(Delivery.text).join(ContactPoint, ContactPoint.id == Delivery.contact_point_id)
    [text] = walk.session.scalars(to_new.where(ContactPoint.address == new))
    walk.post(app, f"{path}/{change}/confirmation", {"of": "new", "code": text[:6]})
    walk.post(app, f"{path}/{change}/case")
    walk.post(as_staff(walk.client, Role.MANAGER), f"/v1/contact-changes/{change}/approval")
    app.headers = as_customer(walk.client, mei).headers  # signed out by it


def signing_in(walk: Walk, ada: Caller) -> None:
    stranger = Caller(walk.client, "none")
    stranger.headers = {}
    facts = {"email": "sam@harbourandpine.example", "password": PASSWORD + " anew", "device": DEVICE}
    pair = walk.post(stranger, "/v1/auth/login", facts)
    walk.post(stranger, "/v1/auth/refresh", {"refresh_token": pair["refresh_token"]})
    walk.post(stranger, "/v1/auth/otp", {"phone": "+447700900294"})
    text = walk.session.scalars(select(Delivery.text).order_by(Delivery.id.desc())).first() or ""
    code = "".join(character for character in text if character.isdigit())[:6]
    walk.post(stranger, "/v1/auth/otp/verify", {"phone": "+447700900294", "code": code, "device": DEVICE})
    second = walk.post(stranger, "/v1/auth/login", {**facts, "device": {"id": "tablet"}})
    sam = Caller(walk.client, pair["access_token"])
    other = next(item["id"] for item in sam.get("/v1/me/sessions").json["items"] if item["device_id"] == "tablet")
    assert second
    walk.step("DELETE", f"/v1/me/sessions/{other}", lambda: sam.delete(f"/v1/me/sessions/{other}"))
    walk.post(sam, "/v1/auth/logout")


def learning(walk: Walk, ada: Caller) -> None:
    """A message that the bots did not understand gets its label."""
    Phones().text("+447700900299", "zorp glibber")
    [unknown] = ada.get("/v1/unknown-messages").json["items"]
    walk.put(ada, f"/v1/unknown-messages/{unknown['id']}/label", {"intent": "oos"})


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
