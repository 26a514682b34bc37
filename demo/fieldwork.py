"""The tour's field day: a lead that becomes business, a visit, and a push of what was written without a network."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, Self

from demo.trading import NotAsTold
from mcrm import clock
from mcrm.ids import new_id

PIECES, TOO_MANY = 2, 9_999
MADE_OFFLINE = ("orders", "order_lines", "interactions", "tasks")


class Desk(Protocol):
    """What a step needs of the tour."""

    def call(self, method: str, path: str, /, **body: Any) -> Any:
        """One call of the API in the name of whoever is signed in."""

    def signed_in_as(self, login: str) -> Self:
        """The same, for somebody else of the staff."""


class FieldDay:
    """Lena's day in East, seen from her phone and from the office, which is `desk`."""

    def __init__(self, desk: Desk) -> None:
        """Nothing happens yet."""
        self.desk = desk
        self.rep: Desk = desk

    def steps(self) -> tuple[tuple[str, Callable[[], Iterator[str]]], ...]:
        """The day in order."""
        return (
            ("A lead finds its rep, and becomes business", self.win_a_lead),
            ("Lena visits, and the office sees it", self.visit),
            ("What she wrote without a network comes in, once", self.come_back),
        )

    def win_a_lead(self) -> Iterator[str]:
        """Assigned with a reason, touched, converted."""
        self.rep = self.desk.signed_in_as("lena")
        about = {"company": "Bath Street Books", "email": f"nia-{new_id()}@bathstreetbooks.example"}
        lead = self.desk.call("POST", "/v1/leads", name="Nia Hughes", postcode="BA1 1AA", source="web form", **about)
        path = f"/v1/leads/{lead['id']}"
        why = self.desk.call("GET", f"{path}/assignment")["items"][0]
        whom = "Lena" if why["owner_id"] == self.rep.call("GET", "/v1/staff/me")["id"] else "a colleague of Lena's"
        yield f"{lead['name']} writes from {why['place']}; by the rule {why['rule']!r} she goes to {whom}"
        self.rep.call("POST", f"{path}/touches", how="call", text="Wants samples.")
        made = self.rep.call("POST", f"{path}/conversion", opportunity={"amount": 120_000})
        _true(made["opportunity"]["owner_id"] == why["owner_id"], "the opportunity is not the rep's")
        yield f"Lena calls and converts: an account, and an opportunity in {made['opportunity']['stage']}"

    def visit(self) -> Iterator[str]:
        """The day's list, check-in and check-out, and the team's day."""
        for call in self.rep.call("GET", "/v1/visits/day?lat=51.4545&lon=-2.5879")["calls"][:2]:
            yield f"{call['name']}: {call['why']}"
        account = self._account("Pier Kitchen")
        there = {"lat": 51.4559, "lon": -2.5742, "accuracy_m": 12}
        visit = self.rep.call("POST", "/v1/visits", account_id=account["id"], **there)
        ending = {"outcome": "follow_up", "next_step": {"title": "Bring the decaf"}}
        self.rep.call("POST", f"/v1/visits/{visit['id']}/check-out", **ending)
        team = self.desk.call("GET", "/v1/teams/day")["reps"]
        seen = [one for rep in team for one in rep["visits"] if one["visit_id"] == visit["id"]]
        _true(len(seen) == 1, "the office does not see the visit")
        one = seen[0]
        yield f"the office sees: {one['account_name']}, {one['outcome']}, {one['distance_m']} m away: {one['verdict']}"

    def come_back(self) -> Iterator[str]:
        """An order, a note and a task are taken, one order is refused with a sentence, and a repeat changes nothing."""
        cursor, product, contact = self._pulled()
        order, refused = new_id(), new_id()
        at = int(clock.now().timestamp() * 1000)
        account = contact["account_id"]
        changes: dict[str, dict[str, list[Any]]] = {
            table: {"created": [], "updated": [], "deleted": []} for table in MADE_OFFLINE
        }
        for id_, quantity in ((order, PIECES), (refused, TOO_MANY)):
            changes["orders"]["created"].append({"id": str(id_), "contact_id": contact["id"], "created_at": at})
            line = {"order_id": str(id_), "product_id": product["id"], "quantity": quantity}
            changes["order_lines"]["created"].append({"id": str(new_id()), **line})
        note = {"kind": "note.added", "at": at, "account_id": account, "text": "Written in a cellar."}
        changes["interactions"]["created"].append({"id": str(new_id()), **note})
        changes["tasks"]["created"].append({"id": str(new_id()), "title": "Call about the jars", "account_id": account})
        first, second = (self.rep.call("POST", f"/v1/sync?last_pulled_at={cursor}", changes=changes) for _ in range(2))
        taken = self.rep.call("GET", f"/v1/orders/{order}")
        yield f"order {taken['number']}, a note and a task are in"
        said = {error["id"]: error["detail"] for error in first["errors"]}
        _true(str(refused) in said, "the order for too many was not refused")
        yield f"another one, of {TOO_MANY:,} pieces, stays on the phone: {said[str(refused)]}"
        _true(first["experimentalRejectedIds"] == second["experimentalRejectedIds"], "the repeat ended differently")
        orders = self.rep.call("GET", f"/v1/orders?contact_id={contact['id']}")["items"]
        _true([one["id"] for one in orders].count(str(order)) == 1, "the order is there more than once")
        yield "the same push again changes nothing"

    def _account(self, name: str) -> Any:
        found = self.rep.call("GET", f"/v1/accounts?q={name.partition(' ')[0]}")["items"]
        return next(account for account in found if account["name"] == name)

    def _pulled(self) -> tuple[int, Any, Any]:
        """A device's first sync: its cursor, a product, and Mei Lin."""
        pulled = self.rep.call("GET", "/v1/sync")
        rows = {table: lists["updated"] for table, lists in pulled["changes"].items()}
        mei = next(contact for contact in rows["contacts"] if contact["name"] == "Mei Lin")
        product = next(product for product in rows["products"] if product["name"].startswith("Beeswax"))
        return int(pulled["timestamp"]), product, mei


def _true(fact: bool, otherwise: str) -> None:
    if not fact:
        raise NotAsTold(otherwise)
