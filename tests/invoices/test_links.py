"""A link shows one invoice to whoever holds it, until its hour is over."""

from datetime import timedelta

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.invoices import links
from mcrm.invoices.service import issue
from mcrm.orders.placing import Wanted, place
from tests.cast import a_customer, a_product
from tests.doors import make_app
from tests.tills import SELLER


def test_an_invoice_opens_for_an_hour_without_signing_in(session: Session) -> None:
    wanted = [Wanted(a_product(session).id, 1)]
    order = place(session, SYSTEM, contact_id=a_customer(session).id, lines=wanted)
    invoice = issue(session, SYSTEM, order_id=order.id, seller=SELLER)
    session.commit()
    client = make_app().test_client()
    with clock.stopped(clock.now()):
        path = f"/i/{links.token_for(invoice.id)}"
        shown = client.get(path)
        assert (shown.status_code, shown.mimetype, shown.headers["Cache-Control"]) == (
            200,
            "application/pdf",
            "no-store",
        )
        assert shown.data.startswith(b"%PDF")
        clock.advance(links.LIFETIME - timedelta(seconds=1))
        assert client.get(path).status_code == 200
        clock.advance(timedelta(seconds=1))
        assert client.get(path).status_code == 404


def test_a_link_that_we_never_made_opens_nothing(session: Session) -> None:
    client = make_app().test_client()
    for token in ("x", "A" * 70, "é", "!" * 70, "A" * 4000):
        assert client.get(f"/i/{token}").status_code == 404
