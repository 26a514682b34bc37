"""The rep's app on a real server, in a real browser: two reps, two territories, something to sell."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from flask import Blueprint
from sqlalchemy import Engine

from apps import serving
from mcrm import keys, live
from mcrm.access import passwords, users
from mcrm.actors import SYSTEM
from mcrm.config import Settings
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.db import Database
from mcrm.edge.app import Edge, LiveSource, edge_app
from mcrm.sync.limits import LARGEST_PUSH
from mcrm.territories import service as territories
from mcrm.transaction import transaction
from mcrm.wakeup import Notifier
from tests import doors
from tests.cast import a_customer, a_product
from tests.edge.wire import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "harbour-and-pine-in-the-rain"
SAM, LENA = "sam@harbourandpine.example", "lena@harbourandpine.example"


@cache
def hashed() -> str:
    """The password's hash, made once: it is slow on purpose."""
    return passwords.hashed(PASSWORD)


@dataclass
class Shop:
    """A running product; `url` without a slash at the end."""

    url: str
    west: UUID
    east: UUID
    ben: UUID
    espresso: UUID

    def rename_ben(self, **facts: str) -> None:
        """The back office changes Ben."""
        with transaction() as session:
            contacts.change(session, SYSTEM, session.get_one(Contact, self.ben), facts)


def arranged() -> dict[str, UUID]:
    """Sam in West with Ben, Lena in East, and espresso of which ten are there."""
    with transaction() as session:
        west, east = (territories.create(session, SYSTEM, name=name) for name in ("West", "East"))
        for email, name, place in ((SAM, "Sam Doyle", west), (LENA, "Lena Fischer", east)):
            user = users.create(session, SYSTEM, email=email, name=name, role="rep", password_hash=hashed())
            territories.grant(session, SYSTEM, territory_id=place.id, user_id=user.id)
        ben = a_customer(session, phone="+447700900201", territory_id=west.id)
        a_customer(session, "Tom Reilly", phone="+447700900203", territory_id=east.id)
        espresso = a_product(session, stock=10)
        return {"west": west.id, "east": east.id, "ben": ben.id, "espresso": espresso.id}


def rep(settings: Settings) -> tuple[Blueprint, frozenset[str]]:
    """Where the rep's app is served."""
    return serving.make_rep(settings), serving.ENDPOINTS


def make_edge(database: Database, phones_origin: str | None = None) -> Edge:
    """The web process as assembly makes it, on the database of the test."""
    settings = replace(doors.settings(), phones_origin=phones_origin)
    keys.use(settings.secret_key)
    assert isinstance(database.bind, Engine)
    url = database.bind.url.render_as_string(hide_password=False)
    return edge_app(
        lambda: doors.make_app(settings, door=rep),
        limits=settings.limits,
        body_limits={"/v1/sync": LARGEST_PUSH},
        make_live=lambda: LiveSource(
            partial(live.authorise, settings), live.CommittedChanges(), url, partial(live.has_news, settings)
        ),
    )


@contextmanager
def open_shop(database: Database, phones_origin: str | None = None) -> Iterator[Shop]:
    """The product, open on a free port."""
    before, database.wake = database.wake, Notifier(database).wake
    try:
        with served(make_edge(database, phones_origin)) as port:
            yield Shop(f"http://127.0.0.1:{port}", **arranged())
    finally:
        database.wake = before


@pytest.fixture
def shop(committed: Database) -> Iterator[Shop]:
    """The product, open."""
    with open_shop(committed) as opened:
        yield opened


class Phone:
    """One device with the app on it."""

    def __init__(self, context: "BrowserContext", shop: Shop) -> None:
        self.context = context
        self.shop = shop
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.calls: list[str] = []
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        context.on("request", lambda request: self.calls.append(request.url))
        self.page.goto(f"{shop.url}/rep/")
        self.page.locator("body[data-ready]").wait_for()

    def sign_in(self, email: str = SAM) -> "Phone":
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="Longest without a word").wait_for()
        self.settled()
        return self

    def settled(self) -> None:
        """Everything sent and fetched."""
        self.page.locator(".state[data-state=good]").wait_for()

    def airplane(self, on: bool) -> None:
        switch = self.page.locator("#bar").get_by_role("switch")
        if (switch.get_attribute("aria-checked") == "true") is not on:
            switch.click()
        state = "airplane" if on else "good"
        self.page.locator(f".state[data-state={state}]").wait_for()

    def go(self, address: str) -> None:
        self.page.evaluate("address => { location.hash = address; }", address)

    def open_ben(self) -> None:
        self.go("#/accounts")
        self.page.get_by_role("link", name="Ben Okafor").click()
        self.page.get_by_role("heading", name="Ben Okafor", level=1).wait_for()

    def note(self, words: str) -> None:
        self.open_ben()
        self.page.get_by_role("link", name="Note", exact=True).click()
        self.page.get_by_label("What was said or seen").fill(words)
        self.page.get_by_role("button", name="Save").click()
        self.page.locator(".fact-text", has_text=words).wait_for()

    def edit_ben(self, label: str, words: str) -> None:
        self.open_ben()
        self.page.get_by_label("People").get_by_role("link").click()
        self.page.get_by_role("link", name="Edit", exact=True).click()
        self.page.get_by_label(label, exact=True).fill(words)
        self.page.get_by_role("button", name="Save").click()
        self.page.get_by_role("link", name="Edit", exact=True).wait_for()

    def order(self, pieces: int) -> None:
        self.open_ben()
        self.page.get_by_role("link", name="Order", exact=True).click()
        self.page.get_by_label("How many Harbour Espresso 250 g").fill(str(pieces))
        self.page.get_by_label("How many Harbour Espresso 250 g").blur()
        self.page.get_by_role("button", name="Place order").click()
        self.page.get_by_text("Total").wait_for()


@pytest.fixture
def phones(browser: "Browser", shop: Shop) -> "Iterator[PhoneMaker]":
    """Makes phones, each with a storage of its own; an error in the app's own code fails the test."""
    maker = PhoneMaker(browser, shop)
    yield maker
    for phone in maker.made:
        phone.context.close()
    assert [error for phone in maker.made for error in phone.errors] == []


class PhoneMaker:
    """Makes phones."""

    def __init__(self, browser: "Browser", shop: Shop) -> None:
        self.browser = browser
        self.shop = shop
        self.made: list[Phone] = []

    def __call__(self) -> Phone:
        context = self.browser.new_context(
            viewport={"width": 360, "height": 740}, reduced_motion="reduce", locale="en-GB", timezone_id="Europe/London"
        )
        self.made.append(Phone(context, self.shop))
        return self.made[-1]
