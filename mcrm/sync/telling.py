"""Telling a user on every device that can be woken: what became of a push is news for the other devices, too."""

from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.deliveries import staff

REFUSED, REFUSED_TITLE = "An order was not taken: {why}", "Order not taken"
PRICE_CHANGED, PRICE_CHANGED_TITLE = "Order {number} costs {now} now; {shown} was shown.", "Price changed"


def tell(session: Session, user_id: UUID, *, event: str, about: UUID, title: str, text: str) -> None:
    """Queue one push to each device of a user; the same event about the same thing goes out once."""
    data = {"event": event, "id": str(about)}
    staff.tell(session, user_id, title=title, text=text, kind=event, dedupe_key=f"{event}:{about}", data=data)
