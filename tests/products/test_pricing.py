"""Which price applies."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.db import Database
from mcrm.ids import new_id
from mcrm.orders import placing
from mcrm.orders.placing import Wanted
from mcrm.products.errors import ProductWithoutPrice
from mcrm.products.models import PriceListItem
from mcrm.products.pricing import Price, choose
from mcrm.transaction import transaction
from tests.cast import a_customer, a_product

BEANS, SHOP, TRADE = new_id(), new_id(), new_id()
PRICES = (
    Price(100, SHOP, BEANS, "GBP", 1, 950),
    Price(100, SHOP, BEANS, "GBP", 10, 900),
    Price(50, TRADE, BEANS, "EUR", 20, 800),
)


@pytest.mark.parametrize(
    ("quantity", "currency", "expected"),
    [(1, None, 950), (9, None, 950), (10, None, 900), (20, None, 800), (20, "GBP", 900), (20, "USD", None)],
)
def test_the_best_list_wins_and_then_the_break_that_is_reached(
    quantity: int, currency: str | None, expected: int | None
) -> None:
    price = choose(PRICES, product_id=BEANS, quantity=quantity, currency=currency)
    assert (price and price.unit_price) == expected


def test_fewer_than_the_first_break_have_no_price(database: Database, session: Session) -> None:
    ben, beans = a_customer(session), a_product(session)
    session.scalars(select(PriceListItem)).one().min_quantity = 10
    session.commit()
    with pytest.raises(ProductWithoutPrice), transaction() as work:
        placing.place(work, SYSTEM, contact_id=ben.id, lines=[Wanted(beans.id, 1)])
