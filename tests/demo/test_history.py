"""The demo's last weeks: told in order, over weeks, with the numbers that texts and scripts name."""

from datetime import timedelta

from sqlalchemy import select

from demo import seed
from mcrm import clock, keys
from mcrm.actors import SYSTEM
from mcrm.db import Database, reading
from mcrm.interactions.models import Interaction
from mcrm.invoices.models import Invoice
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.placing import Wanted, place
from mcrm.transaction import perform
from tests import doors


def test_orders_lie_in_the_last_weeks_and_the_log_tells_them_in_order(committed: Database) -> None:
    settings = doors.settings()
    keys.use(settings.secret_key)
    began = clock.now()
    made = seed.seed(settings)

    assert [order["number"] for person in made.customers for order in person["orders"]] == [
        str(number) for number in range(1001, 1019)
    ]
    ben = made.customers[0]["orders"]
    assert [(one["number"], one["status"]) for one in ben] == [
        ("1001", "delivered"),
        ("1002", "shipped"),
        ("1003", "confirmed"),
    ]
    with reading() as session:
        orders = session.scalars(select(Order).order_by(Order.id)).all()
        facts = session.scalars(
            select(Interaction).where(Interaction.subject_type == "order").order_by(Interaction.position)
        ).all()
        invoices = session.scalars(select(Invoice).order_by(Invoice.number)).all()
        line = session.scalars(select(OrderLine)).first()
    placed = [order.placed_at for order in orders]
    assert placed == sorted(placed)
    assert placed[0] < began - timedelta(days=20) and placed[-1] < clock.now()
    assert len({at.date() for at in placed}) > 7
    assert all(order.created_at == order.placed_at for order in orders)
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    assert [one.issued_on for one in invoices] == sorted(one.issued_on for one in invoices)

    assert line is not None
    wanted = [Wanted(line.product_id, 1)]
    new = perform(lambda session: place(session, SYSTEM, contact_id=orders[0].contact_id, lines=wanted).number)
    assert new == "1019"
