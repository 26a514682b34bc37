"""Quiet hours: offers wait for the morning of whoever they are for, through every change of the clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from mcrm import clock, quiet
from mcrm.actors import SYSTEM
from mcrm.consents import resting
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, Purpose
from mcrm.contacts.models import Contact
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.duplicates import merging
from mcrm.quiet import Quiet
from mcrm.settings_store import service as settings_store
from mcrm.transaction import transaction
from tests.cast import a_customer
from tests.deliveries.carriers import Carrier, a_round, now_of, point_of, queue

NIGHT = Quiet(21 * 60, 8 * 60)
EVENING = datetime(2026, 11, 26, 22, tzinfo=UTC)
ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC")
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
]
"""When the clocks of those zones change in that year (Lord Howe's by half an hour)."""
minutes = st.integers(0, 24 * 60 - 1)
windows = st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Quiet(*pair))
instants = st.one_of(
    st.builds(lambda change, by: change + timedelta(minutes=by), st.sampled_from(CHANGES), st.integers(-1600, 300)),
    st.integers(0, 3 * 366 * 24 * 60).map(lambda by: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=by)),
)


@settings(max_examples=200)
@given(hours=windows, at=instants, name=st.sampled_from(ZONES))
def test_what_comes_in_quiet_hours_waits_for_their_first_end_and_no_longer(
    hours: Quiet, at: datetime, name: str
) -> None:
    zone = ZoneInfo(name)
    over = hours.over_at(at, zone)
    if not hours.is_quiet(at, zone):
        assert over is None
        return
    assert over is not None
    assert at < over <= at + timedelta(hours=26)
    assert not hours.is_quiet(over, zone)
    minute = at.replace(second=0, microsecond=0)
    while minute < over:
        assert hours.is_quiet(minute, zone), "it waited longer than the customer asked"
        minute += timedelta(minutes=1)


@pytest.mark.parametrize(
    ("hours", "at", "over"),
    [
        ("21:00-08:00", "2026-03-28T23:30:00+00:00", "2026-03-29T07:00:00+00:00"),  # the short night
        ("21:00-08:00", "2026-10-24T21:30:00+00:00", "2026-10-25T08:00:00+00:00"),  # the long one
        ("22:00-01:30", "2026-03-29T00:10:00+00:00", "2026-03-29T01:00:00+00:00"),  # 01:30 never comes
        ("22:00-01:30", "2026-10-24T23:30:00+00:00", "2026-10-25T00:30:00+00:00"),  # and here it comes twice
        ("22:00-01:30", "2026-10-25T01:10:00+00:00", "2026-10-25T01:30:00+00:00"),
        ("12:00-14:00", "2026-06-01T11:30:00+00:00", "2026-06-01T13:00:00+00:00"),
    ],
)
def test_nights_on_which_the_clocks_change_in_london(hours: str, at: str, over: str) -> None:
    found = quiet.read(hours).over_at(datetime.fromisoformat(at), ZoneInfo("Europe/London"))
    assert found == datetime.fromisoformat(over)


@pytest.mark.parametrize("text", ["21:00-21:00", "24:00-08:00", "9-17", "21:00-8:00", "21:60-08:00", "٢١:00-08:00", ""])
def test_times_that_are_no_quiet_hours(text: str) -> None:
    with pytest.raises(ValueError, match="quiet hours"):
        quiet.read(text)


@pytest.fixture
def ben(session: Session) -> Contact:
    made = a_customer(session, phone="+447700900201", push="ben-token")
    made.timezone = "Europe/London"
    for channel in ("sms", "push"):
        decide(session, made, channel, Purpose.MARKETING, ConsentState.GRANTED)
    resting.keep_quiet(session, SYSTEM, contact=made, hours=NIGHT)
    session.commit()
    return made


def decide(session: Session, contact: Contact, channel: str, purpose: str, state: ConsentState) -> None:
    consents.decide(session, SYSTEM, contact_id=contact.id, channel=channel, purpose=purpose, state=state)


def offer(ben: Contact, session: Session, **facts: Any) -> Delivery:
    return queue(ben, session, "Two for one", purpose=Purpose.MARKETING, kind="offer.announced", **facts)


def test_an_offer_waits_for_the_morning_and_what_is_waited_for_does_not(session: Session, ben: Contact) -> None:
    with clock.stopped(EVENING):
        held, news = offer(ben, session), queue(ben, session, "It is on its way")
        carrier = Carrier()
        a_round("sms", carrier)
        assert carrier.texts == ["It is on its way"]
        waiting = now_of(session, held)
        assert (waiting.state, waiting.reason, waiting.tries) == (DeliveryState.QUEUED, "quiet-hours", 0)
        assert waiting.not_before == datetime(2026, 11, 27, 8, tzinfo=UTC)
        assert (waiting.lease_token, now_of(session, news).state) == (None, DeliveryState.ACCEPTED)
        a_round("sms", carrier)
        clock.advance(timedelta(hours=9, minutes=59))
        a_round("sms", carrier)
        assert carrier.texts == ["It is on its way"]
        clock.advance(timedelta(minutes=1))
        a_round("sms", carrier)
    assert carrier.texts == ["It is on its way", "Two for one"]


def test_a_stop_said_in_the_night_holds_in_the_morning(session: Session, ben: Contact) -> None:
    with clock.stopped(EVENING):
        held, carrier = offer(ben, session), Carrier()
        a_round("sms", carrier)
        with transaction() as work:
            decide(work, ben, "sms", Purpose.MARKETING, ConsentState.WITHDRAWN)
        clock.advance(timedelta(hours=10))
        a_round("sms", carrier)
    assert (carrier.texts, now_of(session, held).reason) == ([], "consent-withdrawn")


def test_an_offer_that_ends_before_the_night_does_is_not_sent_late(session: Session, ben: Contact) -> None:
    with clock.stopped(EVENING):
        held, carrier = offer(ben, session, expires_at=EVENING + timedelta(hours=10)), Carrier()
        a_round("sms", carrier)
    ended = now_of(session, held)
    assert (carrier.texts, ended.state, ended.reason) == ([], DeliveryState.EXPIRED, "quiet-hours")


def test_everybodys_night_is_by_their_own_clock(session: Session, ben: Contact) -> None:
    mei = a_customer(session, "Mei Lin", phone="+447700900204")
    mei.timezone = "Asia/Singapore"
    decide(session, mei, "sms", Purpose.MARKETING, ConsentState.GRANTED)
    session.commit()
    with transaction() as work:
        settings_store.put(work, SYSTEM, "quiet-hours", "23:00-07:00")
    with clock.stopped(EVENING):  # six in the morning for Mei
        theirs, hers = offer(ben, session), offer(mei, session)
        a_round("sms", Carrier())
    assert now_of(session, theirs).not_before == datetime(2026, 11, 27, 8, tzinfo=UTC), "the own word wins"
    assert now_of(session, hers).not_before == datetime(2026, 11, 26, 23, tzinfo=UTC), (
        "the business's holds for the rest"
    )


def test_merged_people_have_one_night_the_one_they_spoke_of_last(session: Session, ben: Contact) -> None:
    twin = a_customer(session, "B. Okafor", phone="+447700900206")
    resting.keep_quiet(session, SYSTEM, contact=twin, hours=Quiet(60, 120))
    session.commit()
    assert resting.rest_of(session, [ben.id])[ben.id].hours == NIGHT
    with transaction() as work:
        merging.merge(work, SYSTEM, work.get_one(Contact, ben.id), twin.id)
    session.expire_all()
    rests = resting.rest_of(session, [ben.id, twin.id])
    assert {rest.hours for rest in rests.values()} == {Quiet(60, 120)}


def test_without_quiet_hours_offers_go_out_at_night(session: Session) -> None:
    tom = a_customer(session, "Tom Reilly", phone="+447700900203")
    decide(session, tom, "sms", Purpose.MARKETING, ConsentState.GRANTED)
    session.commit()
    with clock.stopped(EVENING):
        offer(tom, session)
        carrier = Carrier()
        a_round("sms", carrier)
    assert carrier.texts == ["Two for one"]


def test_a_topic_is_gone_without_while_the_rest_of_its_purpose_stays(session: Session, ben: Contact) -> None:
    decide(session, ben, "sms", "service.parcels", ConsentState.WITHDRAWN)
    session.commit()
    with transaction() as work:
        for kind in ("order.shipped", "shipment.delivered"):
            point = point_of(session, ben, "sms")
            facts = {"contact_point_id": point.id, "contact_id": ben.id}
            outbox.queue(work, SYSTEM, channel="sms", text=kind, kind=kind, **facts)
    carrier = Carrier()
    a_round("sms", carrier)
    assert carrier.texts == ["order.shipped"]
    reasons = {delivery.kind: delivery.reason for delivery in session.query(Delivery)}
    assert reasons == {"order.shipped": None, "shipment.delivered": "topic-unwanted"}
