"""The tour's mail: a customer signs in to the app and changes the mail address, with the codes that came by mail."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol, Self

from demo.trading import NotAsTold

HERS, NEW = "aisha@example.com", "aisha+new@example.com"
"""What stands after the plus makes no mailbox of its own: her phone shows both."""


class Stage(Protocol):
    """What the step needs of the tour."""

    people: dict[str, dict[str, Any]]

    def as_customer(self, token: str) -> Self:
        """The same stage for the holder of a token."""

    def call(self, method: str, path: str, /, **body: Any) -> Any:
        """One call of the API as whoever is signed in."""

    def last(self) -> int:
        """The number of the newest accepted message."""

    def wait_for(self, after: int, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The first accepted message that is wanted."""


def change_mail(tour: Stage) -> Iterator[str]:
    """Codes to the old and the new mail address come back, then the new one takes the old one's place."""
    aisha = tour.people["aisha"]
    app = _signed_in(tour, aisha)
    yield f"{aisha['name']} signs in to the app with a code from a text"
    known = [point["address"] for point in app.call("GET", "/v1/me")["contact_points"] if point["channel"] == "email"]
    old = known[0] if known else aisha["phone"]
    new = HERS if old != HERS else NEW
    after = app.last()
    change = app.call("POST", "/v1/me/contact-changes", channel="email", address=new)
    for side, address in (("new", new), ("old", old)):
        code, sender = _code(app, after, address)
        yield f"a mail from {sender} to {address}: {code}" if "@" in address else f"a text to {address}: {code}"
        path = f"/v1/me/contact-changes/{change['id']}/confirmation"
        proved = app.call("POST", path, of=side, code=code)
    if not proved["done_at"]:
        raise NotAsTold("both codes came back and the address is the old one")
    if known:
        app.wait_for(
            after, lambda item: item["to"] == old and "no longer used" in item["body"], "the word to the old one"
        )
    yield f"{new} is her mail address now" + (f", and {old} was told" if known else "")


def _signed_in(tour: Stage, person: dict[str, Any]) -> Stage:
    after, phone = tour.last(), person["phone"]
    tour.call("POST", "/v1/auth/otp", phone=phone)
    code, _ = _code(tour, after, phone)
    device = {"id": "tour-app", "name": "mcrm tour", "platform": "android"}
    pair = tour.call("POST", "/v1/auth/otp/verify", phone=phone, code=code, device=device)
    return tour.as_customer(pair["access_token"])


def _code(tour: Stage, after: int, address: str) -> tuple[str, str]:
    """The code that came to an address, and from whom."""

    def has_code(item: dict[str, Any]) -> bool:
        return item["to"] == address and re.search(r"\b\d{6}\b", item["body"]) is not None

    item = tour.wait_for(after, has_code, f"the code to {address}")
    return re.findall(r"\b\d{6}\b", item["body"])[0], item["from"]
