"""Two contacts that are one person: shown once, reached everywhere, the stricter word kept, and apart again."""

import threading
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Role
from mcrm.addresses.models import Address
from mcrm.consents import service as consents
from mcrm.consents.models import Consent, ConsentState
from mcrm.contacts import points
from mcrm.contacts.models import Contact, ContactMerge, ContactPoint
from mcrm.db import Database, reading
from mcrm.deliveries import outbox
from mcrm.duplicates import merging
from mcrm.duplicates.errors import AlreadyMerged, NotMerged
from mcrm.interactions import log
from mcrm.orders.models import Order
from mcrm.policy import gate
from mcrm.tags.models import ContactTag
from mcrm.transaction import perform, transaction
from tests import databases
from tests.bots.conftest import Phones
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_territory, an_order

BEN, TWIN = "+447700900201", "+447700900211"


@pytest.fixture
def two(session: Session) -> tuple[Contact, Contact]:
    """Ben, and Ben once more with another number."""
    ben, twin = a_customer(session, phone=BEN), a_customer(session, "B. Okafor", phone=TWIN, push="twin-token")
    an_order(session, ben, "1041")
    an_order(session, twin, "1042")
    session.commit()
    return ben, twin


def merge(caller: Caller, one: Contact, other: Contact) -> Any:
    answer = caller.post(f"/v1/contacts/{one.id}/merge", {"other_id": str(other.id)})
    assert answer.status_code == 200, answer.text
    return answer.json


def names(caller: Caller, **query: Any) -> list[str]:
    return [item["name"] for item in caller.get("/v1/contacts", **query).json["items"]]


def test_a_person_is_listed_once_and_found_by_what_either_contact_has(
    client: FlaskClient, session: Session, two: tuple[Contact, Contact]
) -> None:
    ada = as_staff(client, Role.ADMIN)
    ben, twin = two
    ada.put(f"/v1/contacts/{twin.id}/tags/regular")
    survivor = merge(ada, ben, twin)

    assert survivor["id"] == survivor["group_id"] == str(ben.id)
    shown = ["Ben Okafor"]
    assert names(ada) == names(ada, q="okaf") == names(ada, q="b okaf") == shown
    assert names(ada, phone=TWIN) == names(ada, q="900211") == names(ada, tag="Regular") == shown
    assert names(ada, account_id=str(twin.account_id)) == shown
    person = ada.get(f"/v1/contacts/{ben.id}").json
    assert [point["address"] for point in person["contact_points"]] == [BEN, TWIN, "twin-token"]
    assert (person["tags"], person["merged_ids"]) == (["regular"], [str(twin.id)])
    orders = ada.get("/v1/orders", contact_id=str(ben.id)).json["items"]
    assert {order["number"] for order in orders} == {"1041", "1042"}


def test_what_is_sent_to_either_reaches_the_person_wherever_there_is_an_address(
    database: Database, session: Session, two: tuple[Contact, Contact]
) -> None:
    ben, twin = two
    merging.merge(session, SYSTEM, ben, twin.id)
    session.commit()
    with transaction() as using:
        told = outbox.tell(using, SYSTEM, contact_id=ben.id, text="Shipped.", kind="news", dedupe_key="n:1")
        address = using.get_one(ContactPoint, told.contact_point_id)
        verdict = verdict_on(using, told.contact_id, address)

    assert (told.channel, address.address) == ("push", "twin-token")
    assert verdict.answer is gate.Answer.ALLOWED


def verdict_on(
    session: Session, contact_id: UUID | None, point: ContactPoint, purpose: str = "service"
) -> gate.Verdict:
    request = gate.Request(
        id=point.id,
        channel=point.channel,
        purpose=purpose,
        kind="news",
        contact_id=contact_id,
        owner_id=point.contact_id,
        address=point.address,
        point_state=point.state,
        expires_at=None,
    )
    return gate.may_send(session, [request], clock.now())[point.id]


def test_after_un_merging_nothing_queued_for_one_goes_to_the_other(
    session: Session, two: tuple[Contact, Contact]
) -> None:
    ben, twin = two
    merging.merge(session, SYSTEM, ben, twin.id)
    [push] = points.reachable(session, ben.id, "push")
    assert verdict_on(session, ben.id, push).answer is gate.Answer.ALLOWED
    merging.unmerge(session, SYSTEM, twin)

    assert verdict_on(session, ben.id, push).reason == "address-changed-hands"
    assert points.reachable(session, ben.id, "push") == []


def test_the_stricter_consent_counts_until_the_person_says_otherwise(
    session: Session, two: tuple[Contact, Contact]
) -> None:
    ben, twin = two
    about: dict[str, Any] = {"channel": "sms", "purpose": "marketing"}
    consents.decide(session, SYSTEM, contact_id=ben.id, state=ConsentState.GRANTED, **about)
    consents.decide(session, SYSTEM, contact_id=twin.id, state=ConsentState.WITHDRAWN, **about)
    merging.merge(session, SYSTEM, ben, twin.id)
    [number] = [point for point in points.reachable(session, ben.id, "sms") if point.address == BEN]
    assert verdict_on(session, ben.id, number, "marketing").reason == "consent-withdrawn"

    consents.decide(session, SYSTEM, contact_id=ben.id, state=ConsentState.GRANTED, **about)
    assert verdict_on(session, ben.id, number, "marketing").answer is gate.Answer.ALLOWED
    assert verdict_on(session, twin.id, number, "marketing").answer is gate.Answer.ALLOWED
    merging.unmerge(session, SYSTEM, ben)
    states = {row.contact_id: row.state for row in session.scalars(select(Consent))}
    assert states == {ben.id: "granted", twin.id: "withdrawn"}


def test_a_permission_given_to_one_contact_holds_for_the_person(session: Session, two: tuple[Contact, Contact]) -> None:
    ben, twin = two
    about: dict[str, Any] = {"channel": "push", "purpose": "marketing", "state": ConsentState.GRANTED}
    consents.decide(session, SYSTEM, contact_id=twin.id, **about)
    [push] = points.reachable(session, twin.id, "push")
    assert verdict_on(session, ben.id, push, "marketing").answer is gate.Answer.SUPPRESSED
    merging.merge(session, SYSTEM, ben, twin.id)

    assert verdict_on(session, ben.id, push, "marketing").answer is gate.Answer.ALLOWED


def test_bots_and_sign_in_know_the_contact_that_survives(
    client: FlaskClient, session: Session, two: tuple[Contact, Contact], database: Database
) -> None:
    ben, twin = two
    app = as_customer(client, twin)
    merge(as_staff(client, Role.ADMIN), ben, twin)
    assert Phones().text(TWIN, "track 1041") == 200
    with reading() as using:
        [said, *_] = log.timeline(using, [ben.id], kinds=["message.received"])
        assert said.contact_id == ben.id
        answers = log.timeline(using, [ben.id], kinds=["delivery.queued"])
        assert any("1041" in fact.payload for fact in answers)

    assert app.get("/v1/me").json["id"] == str(ben.id)
    assert {order["number"] for order in app.get("/v1/me/orders").json["items"]} == {"1041", "1042"}
    assert len(app.get("/v1/me/sessions").json["items"]) == 1


def test_the_timeline_of_the_person_is_one_and_tells_of_the_merge(
    client: FlaskClient, session: Session, two: tuple[Contact, Contact]
) -> None:
    ada = as_staff(client, Role.ADMIN)
    ben, twin = two
    ada.post(f"/v1/contacts/{twin.id}/notes", {"text": "Prefers decaf."})
    merge(ada, ben, twin)
    ada.post(f"/v1/contacts/{ben.id}/notes", {"text": "Moved to Bath."})

    assert [note["text"] for note in ada.get(f"/v1/contacts/{ben.id}/notes").json["items"]] == [
        "Moved to Bath.",
        "Prefers decaf.",
    ]
    kinds = [item["kind"] for item in ada.get(f"/v1/contacts/{ben.id}/timeline").json["items"]]
    assert kinds[:3] == ["note.added", "contact.merged", "contact.merged"]
    ada.post(f"/v1/contacts/{ben.id}/unmerge")
    assert [note["text"] for note in ada.get(f"/v1/contacts/{twin.id}/notes").json["items"]] == ["Prefers decaf."]


def test_a_contact_merged_wrongly_is_taken_out_without_undoing_what_came_later(
    client: FlaskClient, session: Session, two: tuple[Contact, Contact]
) -> None:
    ada = as_staff(client, Role.ADMIN)
    ben, twin = two
    third = a_customer(session, "Benjamin Okafor")
    session.commit()
    merge(ada, ben, twin)
    merge(ada, third, ben)
    assert names(ada) == ["Benjamin Okafor"]
    ada.post(f"/v1/contacts/{third.id}/unmerge", {"other_id": str(twin.id)})

    assert names(ada) == ["Benjamin Okafor", "B. Okafor"]
    ada.post(f"/v1/contacts/{ben.id}/unmerge")
    assert names(ada) == ["Benjamin Okafor", "B. Okafor", "Ben Okafor"]


def test_merging_wrongly_is_refused_without_a_trace(client: FlaskClient, two: tuple[Contact, Contact]) -> None:
    ada = as_staff(client, Role.ADMIN)
    ben, twin = two
    unknown = "01890000-0000-7000-8000-000000000000"
    path = f"/v1/contacts/{ben.id}/merge"
    assert ada.post(path, {"other_id": str(ben.id)}).json["code"] == "contact.same"
    assert ada.post(path, {"other_id": unknown}).json["code"] == "contact.unknown"
    assert ada.post(f"/v1/contacts/{ben.id}/unmerge").json["code"] == "contact.not-merged"
    merge(ada, ben, twin)
    assert ada.post(path, {"other_id": str(twin.id)}).json["code"] == "contact.already-merged"
    assert ada.post(f"/v1/contacts/{twin.id}/merge", {"other_id": str(ben.id)}).status_code == 409


def test_reps_merge_only_within_reach_and_see_nothing_across_it(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    mine = a_customer(session, "Ben Okafor", phone=BEN, territory_id=west.id)
    foreign = a_customer(session, "Ben Okafor Senior", phone=TWIN, territory_id=east.id)
    session.commit()
    ada, sam, lena = (
        as_staff(client, Role.ADMIN),
        as_staff(client, Role.REP, [west]),
        as_staff(client, Role.REP, [east]),
    )
    where = {"kind": "delivery", "lines": ["3 Narrow Quay"], "postcode": "BS1 4QA", "city": "Bristol", "country": "GB"}
    for path, body in (("addresses", where), ("notes", {"text": "Secret of the East."})):
        ada.post(f"/v1/contacts/{foreign.id}/{path}", body)
    ada.put(f"/v1/contacts/{foreign.id}/tags/eastern")
    ada.put(f"/v1/contacts/{foreign.id}/consents/sms/marketing", {"state": "granted"})

    assert sam.post(f"/v1/contacts/{mine.id}/merge", {"other_id": str(foreign.id)}).json["code"] == "contact.unknown"
    merge(ada, mine, foreign)
    seen = "".join(
        sam.get(f"/v1/contacts/{mine.id}{tail}").text
        for tail in ("", "/addresses", "/notes", "/tags", "/consents", "/contact-points", "/timeline", "/accounts")
    )
    for secret in (TWIN, "Narrow Quay", "Secret", "eastern", str(foreign.account_id), "granted", "Senior"):
        assert secret not in seen
    assert names(sam) == names(sam, q="okafor") == ["Ben Okafor"]
    assert names(sam, q="senior") == names(sam, phone=TWIN) == names(sam, tag="eastern") == []
    assert names(lena) == names(lena, phone=TWIN) == ["Ben Okafor Senior"]
    for caller, contact in ((sam, mine), (lena, foreign)):
        assert caller.post(f"/v1/contacts/{contact.id}/unmerge").json["code"] == "contact.merged-out-of-reach"
    third = a_customer(session, "Ben O.", territory_id=east.id)
    session.commit()
    refused = lena.post(f"/v1/contacts/{foreign.id}/merge", {"other_id": str(third.id)})
    assert (refused.status_code, refused.json["code"]) == (409, "contact.merged-out-of-reach")


def test_a_survivor_out_of_reach_does_not_show(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    mine = a_customer(session, "Ben Okafor", phone=BEN, territory_id=west.id)
    survivor = a_customer(session, "Ben Okafor Senior", phone=TWIN, territory_id=east.id)
    session.commit()
    ada, sam, both = (
        as_staff(client, Role.ADMIN),
        as_staff(client, Role.REP, [west]),
        as_staff(client, Role.REP, [west, east]),
    )
    merge(ada, survivor, mine)
    path = f"/v1/contacts/{mine.id}"
    for caller, shown in ((ada, str(survivor.id)), (both, str(survivor.id)), (sam, None)):
        assert caller.get(path).json["group_id"] == shown
    [listed] = sam.get("/v1/contacts").json["items"]
    assert (listed["id"], listed["group_id"]) == (str(mine.id), None)
    assert str(survivor.id) not in sam.patch(path, {"notes": "Rings twice."}).text

    given = {"channel": "sms", "address": TWIN}
    refused = sam.post(f"{path}/contact-points", given)
    stranger = sam.post(f"{path}/contact-points", given | {"address": BEN}).json
    assert (refused.status_code, refused.json["code"]) == (409, "contact-point.taken"), "as for anybody's"
    assert stranger["contact_id"] == str(mine.id), "one's own is given back"
    assert both.post(f"{path}/contact-points", given).json["contact_id"] == str(survivor.id)


def test_an_address_of_the_person_is_not_taken_for_somebody_elses(
    session: Session, two: tuple[Contact, Contact]
) -> None:
    ben, twin = two
    merging.merge(session, SYSTEM, ben, twin.id)
    again = points.add(session, SYSTEM, contact=ben, channel="sms", address=TWIN)

    assert again.contact_id == twin.id


def test_two_who_merge_the_same_people_at_once_make_one_merge(committed: Database) -> None:
    with transaction() as session:
        ids = [a_customer(session, f"Ben {n}").id for n in range(3)]
    barrier, done, late = threading.Barrier(4), list[UUID](), list[UUID]()

    def run(one: UUID, other: UUID) -> None:
        barrier.wait()
        try:
            perform(lambda using: merging.merge(using, SYSTEM, using.get_one(Contact, one), other), tries=10)
            done.append(one)
        except AlreadyMerged:
            late.append(one)

    pairs = [(ids[0], ids[1]), (ids[1], ids[0]), (ids[2], ids[1]), (ids[0], ids[2])]
    threads = [threading.Thread(target=run, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading() as session:
        groups = set(session.scalars(select(Contact.group_id)))
        edges = session.scalars(select(ContactMerge)).all()
    assert (len(done), len(late), len(groups), len(edges)) == (2, 2, 1, 2)
    above = {edge.other_id: edge.survivor_id for edge in edges}
    assert set(merging.heads_of(ids, above).values()) == groups


TABLES: tuple[type[Any], ...] = (Contact, ContactPoint, Consent, Address, ContactTag, Order)
COUNTED = {"rev", "updated_at"}  # they say that a row was written, and only grow


def snapshot(session: Session) -> dict[tuple[str, UUID], dict[str, Any]]:
    """Every row of what belongs to people, by table and id, without the counters."""
    session.flush()
    session.expire_all()
    return {
        (table.__tablename__, row.id): {
            one.key: getattr(row, one.key) for one in table.__mapper__.column_attrs if one.key not in COUNTED
        }
        for table in TABLES
        for row in session.scalars(select(table))
    }


MOVES = st.lists(
    st.tuples(st.sampled_from(["merge", "unmerge", "change"]), st.integers(0, 5), st.integers(0, 5)), max_size=14
)


@pytest.mark.parametrize("engine", databases.ENGINES)
@given(moves=MOVES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_un_merging_gives_back_every_row_but_what_was_changed_meanwhile(
    engine: str, stores: dict[str, Database], moves: list[tuple[str, int, int]]
) -> None:
    """Whatever was merged, changed and un-merged, in whatever order: in the end only the changes are left."""
    with databases.rolled_back(stores[engine]) as joined, transaction(joined) as session:
        people = [a_customer(session, f"Person {n}", phone=f"+4477009003{n:02}") for n in range(6)]
        for person in people:
            an_order(session, person)
            state = ConsentState.WITHDRAWN if person is people[0] else ConsentState.GRANTED
            consents.decide(session, SYSTEM, contact_id=person.id, channel="sms", purpose="marketing", state=state)
        before, changed = snapshot(session), dict[UUID, str]()
        for number, (move, one, other) in enumerate(moves):
            try:
                if move == "merge" and one != other:
                    at = snapshot(session)
                    merging.merge(session, SYSTEM, people[one], people[other].id)
                    check_groups(session)
                    if number % 2:
                        merging.unmerge(session, SYSTEM, people[one])
                        assert snapshot(session) == at
                elif move == "unmerge":
                    merging.unmerge(session, SYSTEM, people[one], people[other].id if number % 2 else None)
                    check_groups(session)
                elif move == "change":
                    people[one].name = changed[people[one].id] = f"Changed {number}"
            except (AlreadyMerged, NotMerged):
                pass
        while edge := session.scalar(select(ContactMerge).where(ContactMerge.undone_at.is_(None)).limit(1)):
            merging.unmerge(session, SYSTEM, session.get_one(Contact, edge.survivor_id), edge.other_id)
        for id_, name in changed.items():
            before["contacts", id_]["name"] = name
        assert snapshot(session) == before


def check_groups(session: Session) -> None:
    """Groups are exactly what the merges in force say."""
    edges = session.scalars(select(ContactMerge).where(ContactMerge.undone_at.is_(None))).all()
    contacts = session.scalars(select(Contact).execution_options(populate_existing=True)).all()
    heads = merging.heads_of((one.id for one in contacts), {edge.other_id: edge.survivor_id for edge in edges})
    for contact in contacts:
        size = sum(head == heads[contact.id] for head in heads.values())
        assert contact.group_id == (heads[contact.id] if size > 1 else None)


def test_whoever_writes_from_the_other_number_is_the_survivor(
    client: FlaskClient, session: Session, two: tuple[Contact, Contact]
) -> None:
    ben, twin = two
    merge(as_staff(client, Role.ADMIN), ben, twin)
    with transaction() as using:
        point = points.find(using, "sms", TWIN)
        assert point is not None
        found = points.find_with_owner(using, "sms", TWIN)
    assert found is not None
    assert (found[0].contact_id, found[1] and found[1].id) == (twin.id, ben.id)
