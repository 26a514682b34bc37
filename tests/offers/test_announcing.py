"""Announcing an offer: everybody who asked to hear of it gets one push, everybody else a reason why not."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Role
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, SuppressionReason
from mcrm.contacts import points
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.offers import announcing
from mcrm.transaction import perform, transaction
from tests.callers import as_customer, as_staff
from tests.cast import a_customer

OFFER = {"title": "Ten per cent off", "body": "On all filter coffee until Sunday.", "code": "FILTER10"}


def allows(session: Session, contact: Contact, state: ConsentState = ConsentState.GRANTED) -> Contact:
    consents.decide(session, SYSTEM, contact_id=contact.id, channel="push", purpose="marketing", state=state)
    return contact


@pytest.fixture
def audience(session: Session) -> dict[str, Contact]:
    """Everybody of the shop, each with another answer to the question whether they may hear of offers."""
    stopped = allows(session, a_customer(session, "Aisha Khan", push="token-of-aisha"))
    [point] = points.reachable(session, stopped.id, "push")
    consents.suppress(session, SYSTEM, point=point, reason=SuppressionReason.STAFF)
    found = {
        "may": allows(session, a_customer(session, "Ben Okafor", push="token-of-ben")),
        "never asked": a_customer(session, "Mei Lin", push="token-of-mei"),
        "took it back": allows(session, a_customer(session, "Tom Reilly", push="token-of-tom"), ConsentState.WITHDRAWN),
        "has no app": allows(session, a_customer(session, "Ines Duarte")),
        "is stopped": stopped,
    }
    session.commit()
    return found


def turn() -> int:
    """Let the worker's engine run until it has nothing left; how often it did something."""
    turns = 0
    while perform(announcing.step):
        turns += 1
    return turns


def deliveries(session: Session) -> dict[str, tuple[str, str | None]]:
    session.expire_all()
    query = select(Contact.name, Delivery.state, Delivery.reason).join(Contact, Contact.id == Delivery.contact_id)
    return {row.name: (row.state, row.reason) for row in session.execute(query)}


def test_a_change_that_cannot_be_is_refused_by_its_name(client: FlaskClient) -> None:
    noor = as_staff(client, Role.MANAGER)
    noor.post("/v1/offers", OFFER | {"code": "TAKEN"})
    path = f"/v1/offers/{noor.post('/v1/offers', OFFER).json['id']}"
    never = {"title": "New words", "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}
    assert noor.patch(path, never).json["code"] == "offer.never-valid"
    assert noor.patch(path, {"title": "New words", "code": "TAKEN"}).json["code"] == "offer.code-taken"


def test_only_who_asked_for_it_hears_of_an_offer_and_everybody_else_has_a_reason(
    client: FlaskClient, session: Session, audience: dict[str, Contact]
) -> None:
    noor = as_staff(client, Role.MANAGER)
    offer = noor.post("/v1/offers", OFFER).json
    launched = noor.post(f"/v1/offers/{offer['id']}/announcement")
    assert (launched.status_code, launched.json["state"]) == (202, "running")
    turn()

    assert deliveries(session) == {
        "Ben Okafor": ("queued", None),
        "Mei Lin": ("suppressed", "no-consent"),
        "Tom Reilly": ("suppressed", "consent-withdrawn"),
        "Ines Duarte": ("suppressed", "no-address"),
        "Aisha Khan": ("suppressed", "suppressed:staff"),
    }
    [push] = session.scalars(select(Delivery).where(Delivery.state == "queued"))
    told = "On all filter coffee until Sunday.\nFILTER10"
    assert (push.text, push.content["title"], push.purpose) == (told, OFFER["title"], "marketing")
    assert push.content["data"] == {"event": "offer.announced", "id": offer["id"]}
    shown = noor.get(f"/v1/offers/{offer['id']}/announcement").json
    assert (shown["state"], shown["queued"], shown["withheld"]) == ("done", 1, 4)
    assert shown["deliveries"] == {"queued": 1, "suppressed": 4}
    assert Counter(shown["reasons"].values()) == {1: 4}


def test_an_offer_is_announced_once(client: FlaskClient, session: Session, audience: dict[str, Contact]) -> None:
    noor = as_staff(client, Role.MANAGER)
    path = f"/v1/offers/{noor.post('/v1/offers', OFFER).json['id']}/announcement"
    assert noor.get(path).json["code"] == "offer.not-announced"
    first = noor.post(path, **{"Idempotency-Key": "announce-filter-10"})
    replayed = noor.post(path, **{"Idempotency-Key": "announce-filter-10"})
    turn()
    again = noor.post(path)
    turn()

    assert (first.json, replayed.status_code) == (replayed.json, 202)
    assert (again.status_code, again.json["code"]) == (409, "offer.already-announced")
    assert len(deliveries(session)) == len(audience)
    kinds = Counter(session.scalars(select(Interaction.kind)))
    assert (kinds["offer.announced"], kinds["delivery.queued"]) == (1, 1)


def test_a_worker_that_dies_between_pages_repeats_nobody(
    client: FlaskClient,
    session: Session,
    audience: dict[str, Contact],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announcing, "PAGE", 2)
    noor = as_staff(client, Role.MANAGER)
    noor.post(f"/v1/offers/{noor.post('/v1/offers', OFFER).json['id']}/announcement")
    whole: Callable[..., int] = announcing.withhold_many

    def dies(*args: object, **options: object) -> int:
        whole(*args, **options)
        raise SystemError("killed")

    with transaction() as using:
        assert announcing.step(using)
    with monkeypatch.context() as patch:
        patch.setattr(announcing, "withhold_many", dies)
        with pytest.raises(SystemError):
            perform(announcing.step)
    assert turn() == 2  # three pages of at most two; the last one is not full

    assert sorted(deliveries(session)) == sorted(contact.name for contact in audience.values())
    assert len(session.scalars(select(Delivery)).all()) == len(audience)


def test_what_is_announced_keeps_its_words_and_what_is_over_is_not_announced(
    client: FlaskClient, session: Session
) -> None:
    noor = as_staff(client, Role.MANAGER)
    offer = noor.post("/v1/offers", OFFER).json
    path = f"/v1/offers/{offer['id']}"
    assert noor.patch(path, {"body": "On all filter coffee until Monday."}).status_code == 200
    noor.post(f"{path}/announcement")
    assert noor.patch(path, {"body": "On tea."}).json["code"] == "offer.already-announced"
    assert noor.patch(path, {"code": "FILTER-10"}).status_code == 200

    past = {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"}
    over = noor.post("/v1/offers", {"title": "New year", "body": "Free mugs.", **past}).json
    assert noor.post(f"/v1/offers/{over['id']}/announcement").json["code"] == "offer.over"
    turned = {"starts_at": past["ends_at"], "ends_at": past["starts_at"]}
    assert noor.post("/v1/offers", OFFER | {"code": "T", **turned}).json["code"] == "offer.never-valid"
    assert noor.post("/v1/offers", OFFER | {"code": "FILTER-10"}).json["code"] == "offer.code-taken"


def test_customers_see_the_offers_that_hold_now_and_announce_none(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    noor, app, sam = as_staff(client, Role.MANAGER), as_customer(client, ben), as_staff(client, Role.REP)
    offer = noor.post("/v1/offers", OFFER).json
    later = noor.post("/v1/offers", {"title": "Later", "body": "Wait.", "starts_at": "2199-01-01T00:00:00Z"}).json

    assert [item["title"] for item in app.get("/v1/offers").json["items"]] == ["Ten per cent off"]
    assert app.get(f"/v1/offers/{later['id']}").status_code == 404
    for caller in (app, sam):
        assert caller.post("/v1/offers", OFFER).status_code == 403
        assert caller.post(f"/v1/offers/{offer['id']}/announcement").status_code == 403
        assert caller.get(f"/v1/offers/{offer['id']}/announcement").status_code == 403


def test_who_became_known_after_the_launch_is_not_meant(client: FlaskClient, session: Session) -> None:
    noor = as_staff(client, Role.MANAGER)
    noor.post(f"/v1/offers/{noor.post('/v1/offers', OFFER).json['id']}/announcement")
    late = a_customer(session, "Dorcas Bell", push="token-of-dorcas")
    late.created_at = clock.now().replace(year=2199)
    session.commit()
    turn()

    assert deliveries(session) == {}
    assert DeliveryState.QUEUED not in set(session.scalars(select(Delivery.state)))


def test_each_announcement_counts_its_own_by_an_index(
    client: FlaskClient, session: Session, audience: dict[str, Contact]
) -> None:
    noor = as_staff(client, Role.MANAGER)
    paths = [f"/v1/offers/{noor.post('/v1/offers', OFFER | {'code': code}).json['id']}" for code in ("ONE", "TWO")]
    for path in paths:
        noor.post(f"{path}/announcement")
        turn()
    for path in paths:
        assert sum(noor.get(f"{path}/announcement").json["deliveries"].values()) == len(audience)

    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # a handful of rows is read faster without an index
    statement = str(announcing.counting(id_ := new_id()).compile(session.get_bind()))
    explain, values = ("EXPLAIN QUERY PLAN", (id_.bytes,)) if is_sqlite else ("EXPLAIN", {"broadcast_id_1": id_})
    plan = session.connection().exec_driver_sql(f"{explain} {statement}", values)
    assert "ix_deliveries_broadcast_id" in str(plan.all())
