"""Lives of customers: what can happen between a person and the business, each thing through its own door.

Every text, number and chat that a life leaves somewhere is noted, so that one can look for it afterwards.
"""

import random
from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.bulk.running import run_to_end
from mcrm.bulkchanges import service as bulkchanges
from mcrm.contacts.models import Contact
from mcrm.db import Database, looking
from mcrm.ids import new_id
from mcrm.tables import metadata
from mcrm.transaction import perform
from tests.bots.conftest import Phones
from tests.callers import Caller, as_customer, as_staff

NAMES = {"ben": "Benedikt Okaforsen", "aisha": "Aishwarya Khanderia"}
_numbers = count(100)


class Business:
    """The house itself: its doors, an admin, a product, a company, and the forms that lives fill in."""

    def __init__(self, client: FlaskClient, session: Session) -> None:
        self.client, self.session, self.phones = client, session, Phones()
        self.ada = as_staff(client, Role.ADMIN)
        self.product = self.made("/v1/products", {"code": "ESP-250", "name": "Harbour Espresso 250 g"})
        prices = self.made("/v1/price-lists", {"name": "Shop", "currency": "GBP"})
        self.made(f"/v1/price-lists/{prices}/prices", {"product_id": self.product, "unit_price": 950})
        self.company = self.made("/v1/accounts", {"name": "The Ferry Café"})
        field = {"table": "contacts", "name": "roast", "type": "string", "label": "Roast"}
        self.made("/v1/custom-fields", field)
        questions = [{"key": "said", "label": "Said", "type": "text"}]
        self.form = self.made("/v1/visit-forms", {"name": "Call", "questions": questions})

    def did(self, answer: Any) -> Any:
        """What the door answered; it must have let us in."""
        assert 200 <= answer.status_code < 300, (answer.request.path, answer.status_code, answer.text)
        return answer.json if answer.data else None

    def made(self, path: str, body: Any) -> str:
        """The id of what was made."""
        return str(self.did(self.ada.post(path, body))["id"])


class Life:
    """One customer; `needles` are the texts that could tell somebody who it was."""

    def __init__(self, house: Business, key: str, number: int) -> None:
        self.house, self.key = house, key
        self.phone, self.chat = f"+447700900{number}", f"778899{number}"
        self.mail = f"{key}{number}@quillfeather.example"
        self.needles = [self.phone, self.phone[1:], self.chat, self.mail, *NAMES[key].split()]
        self.id = house.made("/v1/contacts", {"name": NAMES[key], "number": self.word()})
        for channel, address in (("sms", self.phone), ("telegram", self.chat), ("email", self.mail)):
            house.made(f"/v1/contacts/{self.id}/contact-points", {"channel": channel, "address": address})
        self.contact: Contact = house.session.scalars(select(Contact).where(Contact.number == self.needles[-1])).one()

    def word(self) -> str:
        """A word that is said nowhere else."""
        self.needles.append(f"{self.key}quill{next(_numbers)}")
        return self.needles[-1]

    @property
    def app(self) -> Caller:
        """Signed in on a phone."""
        return as_customer(self.house.client, self.contact)

    def post(self, path: str, body: Any) -> Any:
        """Ada does something about this customer."""
        return self.house.did(self.house.ada.post(path.format(id=self.id, account=self.contact.account_id), body))

    def order(self) -> Any:
        """An order of one pound of coffee."""
        wanted = {
            "contact_id": self.id,
            "lines": [{"product_id": self.house.product, "quantity": 2}],
            "reference": self.word(),
        }
        return self.post("/v1/orders", wanted)


def texts(life: Life) -> None:
    assert life.house.phones.text(life.phone, f"my parrot {life.word()} says hello") == 200


def chats(life: Life) -> None:
    assert life.house.phones.chat(int(life.chat), f"zorp {life.word()}") == 200


def begins_a_flow(life: Life) -> None:
    """The dialogue keeps what was answered so far."""
    assert life.house.phones.text(life.phone, f"complaint {life.word()}") == 200


def is_noted(life: Life) -> None:
    life.post("/v1/contacts/{id}/notes", {"text": life.word()})
    life.post("/v1/accounts/{account}/notes", {"text": life.word()})
    life.post(
        "/v1/activities", {"account_id": str(life.contact.account_id), "kind": "call.logged", "text": life.word()}
    )


def is_described(life: Life) -> None:
    changes = {"notes": life.word(), "custom": {"roast": life.word()}, "locale": "en-GB"}
    life.house.did(life.house.ada.patch(f"/v1/contacts/{life.id}", changes))


def lives_somewhere(life: Life) -> None:
    place = {"kind": "delivery", "lines": [life.word()], "city": life.word(), "postcode": "BS1 4DJ", "country": "GB"}
    life.post("/v1/contacts/{id}/addresses", place)
    life.post("/v1/accounts/{account}/addresses", {**place, "name": life.word()})


def buys(life: Life) -> None:
    """From the order to the refund, with the documents."""
    order = life.order()
    path = f"/v1/orders/{order['id']}"
    life.post(f"{path}/shipments", {"carrier": "Royal Mail", "tracking_number": life.word()})
    life.post(f"{path}/delivery", {})
    life.post(f"{path}/invoices", {})
    life.post(f"{path}/payments", {"method": "cash", "amount": order["total"], "currency": "GBP"})
    back = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 1}], "reason": "damaged"}
    unwanted = life.post(f"{path}/returns", back | {"detail": life.word()})["id"]
    life.post(f"/v1/returns/{unwanted}/withdrawal", {})
    life.post(f"{path}/refunds", {"method": "cash", "amount": 5, "currency": "GBP", "reason": life.word()})


def asks_for_a_price(life: Life) -> None:
    lines = [{"product_id": life.house.product, "quantity": 3}]
    quote = life.post("/v1/quotes", {"contact_id": life.id, "lines": lines, "reference": life.word()})["id"]
    life.post(f"/v1/quotes/{quote}/declination", {"reason": life.word()})


def has_a_case(life: Life) -> None:
    case = life.post("/v1/cases", {"contact_id": life.id, "kind": "complaint", "summary": life.word()})["id"]
    life.post(f"/v1/cases/{case}/notes", {"text": life.word()})


def was_a_lead(life: Life) -> None:
    lead = {"name": NAMES[life.key], "phone": life.phone, "email": life.mail, "notes": life.word()}
    life.post("/v1/leads", lead | {"company": life.word(), "source": life.word(), "postcode": "BS1 4DJ"})


def may_buy_more(life: Life) -> None:
    chance = {"account_id": str(life.contact.account_id), "contact_id": life.id, "name": life.word()}
    found = life.post("/v1/opportunities", chance)["id"]
    life.post(f"/v1/opportunities/{found}/loss", {"reason": "price", "detail": life.word()})
    life.post("/v1/tasks", {"contact_id": life.id, "title": life.word()})


def is_called_on(life: Life) -> None:
    account = {"account_id": str(life.contact.account_id)}
    life.post("/v1/planned-visits", {**account, "on": "2030-01-01", "purpose": life.word()})
    visit = life.post("/v1/visits", {**account, "lat": 51.4491, "lon": -2.5813})["id"]
    life.post(f"/v1/visits/{visit}/reports", {"form_id": life.house.form, "answers": {"said": life.word()}})
    life.post(f"/v1/visits/{visit}/check-out", {"outcome": "follow_up"})


def talks_to_a_person(life: Life) -> None:
    assert life.house.phones.text(life.phone, f"agent {life.word()}") == 200
    talk = life.post("/v1/inbox/handovers", {"contact_id": life.id})["id"]
    life.post(f"/v1/inbox/handovers/{talk}/messages", {"text": life.word()})
    life.post(f"/v1/inbox/handovers/{talk}/notes", {"text": life.word()})
    life.post(f"/v1/inbox/handovers/{talk}/resolution", {})


def allows_something(life: Life) -> None:
    proof = {"state": "granted", "proof": {"words": life.word()}}
    life.house.did(life.house.ada.put(f"/v1/contacts/{life.id}/consents/email/marketing", proof))


def signs_in(life: Life) -> None:
    token = {"kind": "token", "value": f"token-{life.word()}", "platform": "ios", "locale": "en-GB"}
    life.house.did(life.app.put("/v1/me/push-registrations/iphone", token))
    headers = {"Idempotency-Key": f"chat-{life.id}-{next(_numbers)}"}
    life.house.did(life.app.post("/v1/me/chat-links", {"channel": "telegram"}, **headers))


def had_another_number(life: Life) -> None:
    number = f"+4477009008{next(_numbers) % 100:02}"
    life.needles.append(number)
    points = f"/v1/contacts/{life.id}/contact-points"
    point = life.post(points, {"channel": "sms", "address": number})["id"]
    path = f"{points}/{point}".format(id=life.id)
    life.house.did(life.house.ada.delete(path, life.house.ada.get(path).headers.get("ETag")))


def wants_another_number(life: Life) -> None:
    """A change that was begun and never proved; and quiet at night."""
    number = f"+4477009006{next(_numbers) % 100:02}"
    life.needles.append(number)
    life.house.did(life.app.post("/v1/me/contact-changes", {"channel": "sms", "address": number}))
    life.house.did(life.app.put("/v1/me/preferences/quiet-hours", {"begins": "21:00", "ends": "08:00"}))


def is_tagged(life: Life) -> None:
    tag = f"/v1/contacts/{life.id}/tags/regular"
    life.house.did(life.house.ada.put(tag))
    life.house.did(life.house.ada.put(f"/v1/accounts/{life.house.company}/contacts/{life.id}", {"roles": ["buyer"]}))


def is_changed_in_bulk(life: Life) -> None:
    asked = {"resource": "contacts", "filter": {"q": NAMES[life.key]}, "set": {"locale": "en-IE"}}
    job = life.post("/v1/bulk-changes", asked)["id"]
    life.post(f"/v1/bulk-changes/{job}/run", {})
    while perform(bulkchanges.step):
        pass


def is_imported(life: Life) -> None:
    number = life.needles[6]
    data = f"name,number,notes\n{NAMES[life.key]},{number},{life.word()}\n"
    path = "/v1/imports?resource=contacts"
    upload = life.house.client.post(path, data=data, content_type="text/csv", headers=life.house.ada.headers)
    job = life.house.did(upload)
    life.house.did(life.house.ada.post(f"/v1/imports/{job['id']}/run", {"dry_run": False, "mode": "upsert"}))
    run_to_end(UUID(job["id"]))


def has_own_prices(life: Life) -> None:
    life.post("/v1/price-lists", {"name": life.word(), "currency": "GBP", "account_id": str(life.contact.account_id)})


def is_edited_twice(life: Life) -> None:
    """Two people changed the same field, one of them without a network."""
    sam = life.house.ada
    before = life.house.did(sam.get(f"/v1/contacts/{life.id}"))
    life.house.did(sam.patch(f"/v1/contacts/{life.id}", {"timezone": "Europe/Dublin"}))
    edited = {"id": life.id, "rev": before["rev"], "timezone": "Europe/Paris", "_status": "updated"}
    edited |= {"_changed": "timezone,notes", "notes": life.word(), "name": NAMES[life.key]}
    life.house.did(sam.post("/v1/sync", {"changes": {"contacts": {"updated": [edited]}}}))


def is_refused_an_order(life: Life) -> None:
    """A phone without a network took an order that cannot be taken, and the conflict inbox keeps what it wrote."""
    order, line = str(new_id()), str(new_id())
    taken = {"id": order, "contact_id": life.id, "reference": life.word(), "_status": "created"}
    part = {"id": line, "order_id": order, "product_id": str(new_id()), "quantity": 1, "_status": "created"}
    changes = {"orders": {"created": [taken]}, "order_lines": {"created": [part]}}
    answer = life.house.did(life.house.ada.post("/v1/sync", {"changes": changes}))
    assert [one["kind"] for one in answer["conflicts"]] == ["refused"]


def is_edited_where_it_is_gone(life: Life) -> None:
    """A phone wrote into a task that somebody had removed meanwhile; one about a person, one about an account."""
    ada = life.house.ada
    for about in ({"contact_id": life.id}, {"account_id": str(life.contact.account_id)}):
        made = life.post("/v1/tasks", {**about, "title": life.word()})
        path = f"/v1/tasks/{made['id']}"
        life.house.did(ada.delete(path, ada.get(path).headers["ETag"]))
        edited = {name: made[name] for name in ("id", "rev", "contact_id", "account_id")}
        edited |= {"title": life.word(), "_status": "updated", "_changed": "title"}
        answer = life.house.did(ada.post("/v1/sync", {"changes": {"tasks": {"updated": [edited]}}}))
        assert [one["kind"] for one in answer["conflicts"]] == ["deleted"]


HAPPENINGS: tuple[Callable[[Life], None], ...] = (
    texts, chats, begins_a_flow, is_noted, is_described, lives_somewhere, buys, asks_for_a_price, has_a_case,
    was_a_lead, may_buy_more, is_called_on, talks_to_a_person, allows_something, signs_in, had_another_number,
    wants_another_number, is_tagged, is_changed_in_bulk, is_imported, has_own_prices, is_edited_twice,
    is_refused_an_order, is_edited_where_it_is_gone,
)  # fmt: skip


def live(lives: list[Life], seed: int, *, things: int | None = None) -> None:
    """Let everything happen to everybody in an order that the seed decides; `things` of it, or all."""
    order = random.Random(seed)
    for _, happens, life in sorted(
        (order.random(), happens.__name__, life.key) for life in lives for happens in HAPPENINGS
    ):
        by_key = {one.key: one for one in lives}
        by_name = {one.__name__: one for one in HAPPENINGS}
        by_name[happens](by_key[life])


def places_of(database: Database, needles: list[str]) -> dict[str, set[str]]:
    """Which `table.column` still holds any of these texts, and which of them; by reading every row of every table."""
    found: dict[str, set[str]] = {}
    with looking(database) as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(table.select()):
                for column, value in row._mapping.items():
                    said = _text(value)
                    for needle in needles:
                        if needle in said:
                            found.setdefault(f"{table.name}.{column}", set()).add(needle)
    return found


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
