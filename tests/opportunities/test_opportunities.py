"""Opportunities: a pipeline that managers define, legal moves with their history, won by orders, lost for reasons."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.errors import Conflict
from mcrm.interactions.models import Interaction
from mcrm.opportunities import states
from mcrm.opportunities.models import Opportunity, StageKind
from mcrm.opportunities.states import MOVES, OpportunityMove
from mcrm.settings_store import service as settings_store
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product, a_territory, an_order


class Shop:
    """Ben of the West, Aisha of the East, and who sells to them."""

    def __init__(self, client: FlaskClient, session: Session) -> None:
        self.session = session
        self.west, self.east = a_territory(session), a_territory(session, "East")
        self.ben = a_customer(session, territory_id=self.west.id)
        self.aisha = a_customer(session, "Aisha Khan", territory_id=self.east.id)
        a_product(session)
        session.commit()
        self.ada = as_staff(client, Role.ADMIN, name="Ada Marsh")
        self.noor = as_staff(client, Role.MANAGER, name="Noor Haddad")
        self.sam = as_staff(client, Role.REP, [self.west], name="Sam Doyle")

    def opportunity(self, by: Caller | None = None, **facts: Any) -> dict[str, Any]:
        """One for Ben unless it says else."""
        wanted = {"name": "Beans for the winter", "account_id": str(self.ben.account_id), "amount": 100_000, **facts}
        made = (by or self.sam).post("/v1/opportunities", wanted)
        assert made.status_code == 201, made.text
        return dict(made.json)


@pytest.fixture
def shop(client: FlaskClient, session: Session) -> Shop:
    return Shop(client, session)


def test_an_opportunity_goes_through_the_pipeline_and_keeps_its_way(shop: Shop) -> None:
    made = shop.opportunity()
    assert (made["stage"], made["currency"], made["owner_id"] is not None) == ("discovery", "GBP", True)
    path = f"/v1/opportunities/{made['id']}"
    for stage in ("negotiation", "proposal"):
        assert shop.sam.post(f"{path}/stages", {"stage": stage}).json["stage"] == stage
    assert shop.sam.post(f"{path}/stages", {"stage": "proposal"}).json["rev"] == 3, "where it stands, nothing happens"
    unknown = shop.sam.post(f"{path}/stages", {"stage": "dreams"})
    assert (unknown.status_code, unknown.json["code"]) == (422, "pipeline-stage.unknown")
    won = shop.sam.post(f"{path}/win").json
    assert (won["stage"], won["closes_on"]) == ("won", clock.now().date().isoformat())
    stays = shop.sam.get(f"{path}/stages").json["items"]
    assert [stay["stage"] for stay in stays] == ["discovery", "negotiation", "proposal", "won"]
    assert [stay["left_at"] is None for stay in stays] == [False, False, False, True]
    for act, body in (("stages", {"stage": "proposal"}), ("loss", {"reason": "price"}), ("win", {})):
        refused = shop.sam.post(f"{path}/{act}", body)
        assert (refused.status_code, refused.json["code"]) == (409, "opportunity.illegal-move")
    again = shop.sam.post(f"{path}/reopening").json
    assert (again["stage"], again["closed_at"]) == ("proposal", None)
    kinds = shop.session.scalars(
        select(Interaction.kind).where(Interaction.subject_type == "opportunity").order_by(Interaction.position)
    )
    assert list(kinds) == [
        "opportunity.opened", "opportunity.moved", "opportunity.moved", "opportunity.won", "opportunity.reopened",
    ]  # fmt: skip


def test_it_is_won_by_an_order_of_the_same_account(shop: Shop) -> None:
    bens, aishas = an_order(shop.session, shop.ben), an_order(shop.session, shop.aisha)
    shop.session.commit()
    made = shop.opportunity(shop.noor)
    path = f"/v1/opportunities/{made['id']}/win"
    refused = shop.noor.post(path, {"order_id": str(aishas.id)})
    assert (refused.status_code, refused.json["code"]) == (422, "opportunity.other-account")
    assert shop.sam.post(path, {"order_id": str(aishas.id)}).status_code == 404
    assert shop.sam.post(path, {"order_id": str(bens.id)}).json["order_id"] == str(bens.id)


def test_an_order_wins_one_opportunity(shop: Shop) -> None:
    order = an_order(shop.session, shop.ben)
    shop.session.commit()
    first, second = shop.opportunity(shop.noor), shop.opportunity(shop.noor)
    assert shop.noor.post(f"/v1/opportunities/{first['id']}/win", {"order_id": str(order.id)}).status_code == 201
    refused = shop.noor.post(f"/v1/opportunities/{second['id']}/win", {"order_id": str(order.id)})
    assert (refused.status_code, refused.json["code"]) == (409, "opportunity.order-counted")
    assert shop.noor.post(f"/v1/opportunities/{first['id']}/reopening").status_code == 201
    assert shop.noor.post(f"/v1/opportunities/{second['id']}/win", {"order_id": str(order.id)}).status_code == 201


def test_it_is_lost_for_a_reason(shop: Shop) -> None:
    made = shop.opportunity()
    path = f"/v1/opportunities/{made['id']}"
    refused = shop.sam.post(f"{path}/stages", {"stage": "lost"})
    assert (refused.status_code, refused.json["code"]) == (422, "opportunity.loss-reason-needed")
    lost = shop.sam.post(f"{path}/loss", {"reason": "competitor", "detail": "Cheaper in Bath."}).json
    assert (lost["stage"], lost["loss_reason"]) == ("lost", "competitor")
    report = shop.noor.get("/v1/opportunities/pipeline-report").json
    assert report["losses"] == [{"reason": "competitor", "currency": "GBP", "count": 1, "amount": 100_000}]


def test_the_reasons_are_the_business_own_and_what_was_lost_keeps_its_word(shop: Shop) -> None:
    def lose(reason: str) -> Any:
        return shop.sam.post(f"/v1/opportunities/{shop.opportunity()['id']}/loss", {"reason": reason})

    def keep(words: object, tag: str = '"0"') -> Any:
        answer = shop.ada.put("/v1/settings/loss-reasons", {"value": words}, tag)
        settings_store.forget()
        return answer

    usual = ["price", "competitor", "timing", "no-need", "no-answer", "other"]
    assert shop.sam.get("/v1/opportunities/loss-reasons").json == {"items": usual}
    before = lose("timing").json["id"]
    for wrong in ("", "price, price", "Too dear", "price,,other", 7, ", ".join(f"r{'a' * n}" for n in range(31))):
        assert keep(wrong).status_code == 422, wrong
    assert shop.noor.put("/v1/settings/loss-reasons", {"value": "roast"}, '"0"').status_code == 403
    assert keep("price,roast , other").json["value"] == "price, roast, other"
    refused = lose("timing")
    assert (refused.status_code, refused.json["code"]) == (422, "opportunity.loss-reason-unknown")
    assert refused.json["detail"] == "The reasons are price, roast, other."
    assert lose("roast").status_code == 201
    assert shop.sam.get(f"/v1/opportunities/{before}").json["loss_reason"] == "timing"
    report = shop.noor.get("/v1/opportunities/pipeline-report").json
    assert sorted(row["reason"] for row in report["losses"]) == ["roast", "timing"]
    settings_store.forget()


def test_a_rep_neither_sees_nor_sells_beyond_the_own_territory(shop: Shop) -> None:
    foreign = shop.opportunity(shop.noor, account_id=str(shop.aisha.account_id))
    mine = shop.opportunity()
    assert [item["id"] for item in shop.sam.get("/v1/opportunities").json["items"]] == [mine["id"]]
    assert shop.sam.get(f"/v1/opportunities/{foreign['id']}").status_code == 404
    body = {"name": "Beans", "account_id": str(shop.aisha.account_id)}
    assert shop.sam.post("/v1/opportunities", body).status_code == 404
    unfit = shop.noor.patch(f"/v1/opportunities/{foreign['id']}", {"owner_id": mine["owner_id"]})
    assert (unfit.status_code, unfit.json["code"]) == (422, "opportunity.owner-unfit")


def test_the_forecast_weighs_by_stage_month_and_rep(shop: Shop) -> None:
    shop.opportunity(closes_on="2026-12-10", stage="proposal", amount=100_000)
    shop.opportunity(closes_on="2026-12-20", stage="negotiation", amount=50_000)
    shop.opportunity(shop.noor, closes_on="2027-01-05", account_id=str(shop.aisha.account_id))
    shop.opportunity(closes_on="2028-01-05")
    query = {"since": "2026-12-01", "until": "2027-01-31"}
    december, january = shop.noor.get("/v1/opportunities/forecast", **query).json["items"]
    assert (december["month"], december["count"], december["open"]) == ("2026-12", 2, 150_000)
    assert december["weighted"] == 40_000 + 35_000
    assert 0 <= december["low"] < december["weighted"] < december["high"] <= 150_000
    assert (january["month"], january["owner_id"], january["weighted"]) == ("2027-01", None, 10_000)
    [sams] = shop.sam.get("/v1/opportunities/forecast", **query).json["items"]
    assert sams == december, "a rep's forecast is of the own territory"


def test_what_is_won_stands_in_the_forecast_of_its_day(shop: Shop) -> None:
    made = shop.opportunity(closes_on="2030-01-01")
    shop.sam.post(f"/v1/opportunities/{made['id']}/win")
    [row] = shop.noor.get("/v1/opportunities/forecast").json["items"]
    assert (row["won"], row["open"], row["weighted"]) == (100_000, 0, 0)
    assert row["month"] == clock.now().strftime("%Y-%m")


def test_forgotten_opportunities_are_found(shop: Shop) -> None:
    old, overdue, fresh = shop.opportunity(), shop.opportunity(closes_on="2020-01-01"), shop.opportunity()
    stored = shop.session.scalars(select(Opportunity).order_by(Opportunity.id)).first()
    assert stored is not None
    stored.stage_since = clock.now() - timedelta(days=31)
    shop.session.commit()
    found = {item["id"] for item in shop.sam.get("/v1/opportunities", stale="true").json["items"]}
    assert found == {old["id"], overdue["id"]}
    assert fresh["id"] not in found
    stages = {row["stage"]: row for row in shop.noor.get("/v1/opportunities/pipeline-report").json["stages"]}
    assert list(stages) == ["discovery", "proposal", "negotiation"]
    assert (stages["discovery"]["count"], stages["discovery"]["stale"]) == (3, 2)
    assert stages["discovery"]["weighted"] == 30_000


def test_managers_define_the_pipeline(shop: Shop) -> None:
    assert (
        shop.sam.post("/v1/pipeline-stages", {"key": "x", "name": "X", "place": 1, "probability": 1}).status_code == 403
    )
    facts = {"key": "tasting", "name": "Tasting", "place": 15, "probability": 25}
    tasting = shop.noor.post("/v1/pipeline-stages", facts).json
    assert shop.noor.post("/v1/pipeline-stages", facts).json["code"] == "pipeline-stage.key-taken"
    stages = shop.sam.get("/v1/pipeline-stages").json["items"]
    assert [stage["key"] for stage in stages] == ["discovery", "tasting", "proposal", "negotiation", "won", "lost"]
    made = shop.opportunity(stage="tasting")
    path = f"/v1/pipeline-stages/{tasting['id']}"
    assert shop.noor.patch(path, {"probability": 30}).json["probability"] == 30
    used = shop.noor.delete(path, '"2"')
    assert (used.status_code, used.json["code"]) == (409, "pipeline-stage.in-use")
    shop.sam.post(f"/v1/opportunities/{made['id']}/stages", {"stage": "proposal"})
    assert shop.noor.delete(path, '"2"').status_code == 204
    ends = f"/v1/pipeline-stages/{stages[-1]['id']}"
    assert shop.noor.patch(ends, {"name": "Gone"}).json["name"] == "Gone"
    for answer in (shop.noor.patch(ends, {"probability": 5}), shop.noor.delete(ends, '"2"')):
        assert (answer.status_code, answer.json["code"]) == (409, "pipeline-stage.fixed")


@given(st.lists(st.sampled_from(OpportunityMove), max_size=12))
def test_whatever_is_tried_an_opportunity_makes_legal_moves_alone(moves: list[OpportunityMove]) -> None:
    kind = StageKind.OPEN
    for move in moves:
        try:
            after = states.after(kind, move)
        except Conflict:
            assert kind not in MOVES[move]
            continue
        assert (kind is StageKind.OPEN) is not (move is OpportunityMove.REOPEN)
        assert after is StageKind.OPEN or states.towards(after) is move
        kind = after
