"""Quotes: prices promised until a day, kept whatever the lists say later."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.config import Limits
from mcrm.interactions.models import Interaction
from mcrm.products.models import PriceListItem
from mcrm.quotes import states
from mcrm.quotes.errors import IllegalQuoteMove
from mcrm.quotes.models import QuoteState
from mcrm.quotes.states import QuoteMove
from mcrm.stock.models import StockItem
from mcrm.transaction import perform
from mcrm.worker import engines
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product, a_territory


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def quote(session: Session, ada: Caller) -> dict[str, Any]:
    """Three of five espressos for Ben at 9.50."""
    ben, espresso = a_customer(session), a_product(session, price=950, stock=5)
    session.commit()
    wanted = {"contact_id": str(ben.id), "lines": [{"product_id": str(espresso.id), "quantity": 3}]}
    made = ada.post("/v1/quotes", wanted)
    assert made.status_code == 201
    return dict(made.json)


def reserved(session: Session) -> int:
    session.expire_all()
    return session.scalars(select(StockItem.reserved)).one()


def test_a_quote_promises_prices_and_holds_no_stock(session: Session, ada: Caller, quote: dict[str, Any]) -> None:
    assert (quote["number"], quote["state"], quote["total"], quote["currency"]) == ("Q1001", "open", 2850, "GBP")
    assert [(line["quantity"], line["unit_price"]) for line in quote["lines"]] == [(3, 950)]
    assert reserved(session) == 0
    assert ada.get(f"/v1/quotes/{quote['id']}").json == quote
    listed = ada.get("/v1/quotes", state="open", contact_id=quote["contact_id"]).json["items"]
    assert listed == [{name: value for name, value in quote.items() if name != "lines"}]


def test_an_accepted_quote_is_an_order_at_its_own_prices(session: Session, ada: Caller, quote: dict[str, Any]) -> None:
    session.execute(update(PriceListItem).values(unit_price=1200), execution_options={"announced": True})
    session.commit()
    order = ada.post(f"/v1/quotes/{quote['id']}/acceptance")
    assert (order.status_code, order.json["number"], order.json["total"]) == (201, "1001", 2850)
    assert [line["unit_price"] for line in order.json["lines"]] == [950]
    assert reserved(session) == 3
    accepted = ada.get(f"/v1/quotes/{quote['id']}").json
    assert (accepted["state"], accepted["order_id"]) == ("accepted", order.json["id"])
    again = ada.post(f"/v1/quotes/{quote['id']}/acceptance")
    assert (again.status_code, again.json["code"]) == (409, "quote.illegal-move")
    kinds = list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))
    assert kinds[-3:] == ["quote.made", "order.placed", "quote.accepted"]


def test_a_quote_does_not_promise_stock(session: Session, ada: Caller, quote: dict[str, Any]) -> None:
    session.scalars(select(StockItem)).one().on_hand = 2
    session.commit()
    refused = ada.post(f"/v1/quotes/{quote['id']}/acceptance")
    assert (refused.status_code, refused.json["code"]) == (409, "order.out-of-stock")
    assert ada.get(f"/v1/quotes/{quote['id']}").json["state"] == "open"


def test_a_quote_is_over_on_time_even_before_anybody_says_so(
    session: Session, ada: Caller, quote: dict[str, Any]
) -> None:
    [step] = [engine.step for engine in engines(Limits()) if engine.name == "quotes-over"]
    assert perform(step) is False
    with clock.stopped(clock.now() + timedelta(days=14, minutes=1)):
        assert ada.get("/v1/orders").status_code == 401, "the sign-in is over too"
        late = as_staff(ada.client, Role.ADMIN)
        refused = late.post(f"/v1/quotes/{quote['id']}/acceptance")
        assert (refused.status_code, refused.json["code"]) == (409, "quote.over")
        assert (perform(step), perform(step)) == (True, False)
        assert late.get(f"/v1/quotes/{quote['id']}").json["state"] == "expired"
    session.expire_all()
    assert session.scalars(select(Interaction.kind).order_by(Interaction.position.desc()).limit(1)).one() == (
        "quote.expired"
    )


def test_a_declined_quote_cannot_be_accepted(ada: Caller, quote: dict[str, Any]) -> None:
    declined = ada.post(f"/v1/quotes/{quote['id']}/declination", {"reason": "too dear"})
    assert (declined.status_code, declined.json["state"]) == (201, "declined")
    for step in ("acceptance", "declination"):
        assert ada.post(f"/v1/quotes/{quote['id']}/{step}").json["code"] == "quote.illegal-move"


@pytest.mark.parametrize("validity", ["2020-01-01T00:00:00Z", "2150-01-01T00:00:00Z"])
def test_a_quote_is_valid_for_a_while_from_now(ada: Caller, quote: dict[str, Any], validity: str) -> None:
    line = {"product_id": quote["lines"][0]["product_id"], "quantity": 1}
    body = {"contact_id": quote["contact_id"], "lines": [line], "valid_until": validity}
    refused = ada.post("/v1/quotes", body)
    assert (refused.status_code, refused.json["code"]) == (422, "quote.validity-unfit")


def test_a_quote_of_another_territory_is_like_none(
    session: Session, client: FlaskClient, quote: dict[str, Any]
) -> None:
    sam = as_staff(client, Role.REP, [a_territory(session)])
    session.commit()
    assert sam.get("/v1/quotes").json["items"] == []
    assert sam.get(f"/v1/quotes/{quote['id']}").status_code == 404
    for step in ("acceptance", "declination"):
        assert sam.post(f"/v1/quotes/{quote['id']}/{step}").status_code == 404


@pytest.mark.parametrize("state", QuoteState)
@pytest.mark.parametrize("move", QuoteMove)
def test_only_an_open_quote_moves(state: QuoteState, move: QuoteMove) -> None:
    ends = {"accept": "accepted", "decline": "declined", "expire": "expired"}
    if state == "open":
        assert states.after(state.value, move) == ends[move]
    else:
        with pytest.raises(IllegalQuoteMove):
            states.after(state.value, move)


def test_a_line_of_a_quote_says_what_the_line_of_its_order_will(session: Session, ada: Caller) -> None:
    ben, espresso = a_customer(session), a_product(session, price=1000)
    session.commit()
    ada.post("/v1/tax-rates", {"code": "std", "name": "V", "basis_points": 2000, "valid_from": "2020-01-01T00:00:00Z"})
    ada.patch(f"/v1/products/{espresso.id}", {"tax_code": "std"})
    line = {"product_id": str(espresso.id), "quantity": 3, "discount_basis_points": 1000}
    quote = ada.post("/v1/quotes", {"contact_id": str(ben.id), "lines": [line]}).json
    [promised] = quote["lines"]
    assert [promised[name] for name in ("discount_basis_points", "tax_basis_points", "net", "tax", "total")] == [
        1000, 2000, 2250, 450, 2700,
    ]  # fmt: skip
    [ordered] = ada.post(f"/v1/quotes/{quote['id']}/acceptance").json["lines"]
    del promised["id"]
    assert promised.items() <= ordered.items()
