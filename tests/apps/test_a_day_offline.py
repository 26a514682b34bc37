"""A rep's day without a network, on a real phone's browser: nothing is lost, refusals and conflicts are told."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from mcrm.contacts.models import Contact
from mcrm.db import Database, reading
from mcrm.interactions.models import Interaction
from mcrm.orders.models import Order
from tests.apps.conftest import PhoneMaker, Shop

pytestmark = pytest.mark.browser


def test_a_day_without_a_network_arrives_in_the_evening(shop: Shop, phones: PhoneMaker, committed: Database) -> None:
    sam = phones().sign_in()
    sam.airplane(True)
    before = len(sam.calls)
    sam.edit_ben("Name", "Ben Okafor-Lane")
    sam.go("#/accounts")
    sam.note("Wants the Kenya again.")
    sam.order(3)
    sam.page.reload()
    expect(sam.page.get_by_text("Waiting to be sent")).to_be_visible()
    assert [url for url in sam.calls[before:] if "/v1/" in url] == []

    sam.airplane(False)
    expect(sam.page.get_by_text("Unpaid")).to_be_visible()

    with reading() as session:
        assert session.get_one(Contact, shop.ben).name == "Ben Okafor-Lane"
        order = session.scalars(select(Order)).one()
        assert (order.total, order.contact_id) == (3 * 950, shop.ben)
        assert session.scalars(select(Interaction).where(Interaction.kind == "note.added")).one().contact_id is None
    sam.go("#/sync")
    expect(sam.page.locator(".proof")).to_contain_text("Equal")
    expect(sam.page.get_by_text("Not sent yet")).to_be_hidden()


def test_a_refused_order_says_why_and_is_corrected(shop: Shop, phones: PhoneMaker) -> None:
    sam = phones().sign_in()
    sam.airplane(True)
    sam.order(11)
    sam.airplane(False)
    sam.go("#/sync")
    card = sam.page.locator(".card.bad")
    expect(card.get_by_role("heading")).to_have_text("Order: Ben Okafor")
    expect(card.locator(".why")).not_to_be_empty()
    expect(card).to_contain_text("order.out-of-stock")

    card.get_by_role("link", name="Correct").click()
    sam.page.get_by_label("How many Harbour Espresso 250 g").fill("10")
    sam.page.get_by_label("How many Harbour Espresso 250 g").blur()
    sam.page.get_by_role("button", name="Send again").click()
    expect(sam.page.get_by_text("Unpaid")).to_be_visible()
    with reading() as session:
        assert session.scalars(select(Order.total)).all() == [9500]


def test_a_conflict_is_shown_from_both_sides_and_settled(shop: Shop, phones: PhoneMaker) -> None:
    sam = phones().sign_in()
    sam.airplane(True)
    sam.edit_ben("Name", "Benjamin Okafor")
    shop.rename_ben(name="Ben O.", locale="fr")
    sam.airplane(False)
    sam.go("#/sync")
    card = sam.page.locator(".card")
    expect(card.locator(".side-of").first).to_contain_text("Benjamin Okafor")
    expect(card.locator(".side-of").last).to_contain_text("Ben O.")
    expect(card.locator(".side-of.stands")).to_contain_text("Mine")

    card.get_by_role("button", name="Keep theirs").click()
    expect(sam.page.locator(".card")).to_have_count(0)
    sam.settled()
    with reading() as session:
        ben = session.get_one(Contact, shop.ben)
        assert (ben.name, ben.locale) == ("Ben O.", "fr")


def test_two_phones_of_one_rep_see_each_others_work(shop: Shop, phones: PhoneMaker) -> None:
    phone, tablet = phones().sign_in(), phones().sign_in()
    phone.airplane(True)
    phone.note("From the phone.")
    tablet.edit_ben("Notes", "From the tablet.")
    tablet.settled()
    phone.airplane(False)

    tablet.open_ben()
    expect(tablet.page.get_by_text("From the phone.")).to_be_visible()
    phone.open_ben()
    phone.page.get_by_label("People").get_by_role("link").click()
    expect(phone.page.get_by_text("From the tablet.")).to_be_visible()
