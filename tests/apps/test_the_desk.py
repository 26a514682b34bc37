"""The agents' screen in a real browser: a customer asks for a person, is answered, and the bot takes over again."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest
from flask import Blueprint
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from apps import serving
from bots.dialogue import answer
from bots.house import House
from bots.inbound import Inbound
from mcrm import keys, live
from mcrm.access import users
from mcrm.actors import SYSTEM, Actor, Channel, Role, Scope
from mcrm.config import Settings
from mcrm.db import Database, reading
from mcrm.deliveries.models import Delivery
from mcrm.edge.app import LiveSource, edge_app
from mcrm.edge.streams import INBOX
from mcrm.inbox import answering, canned
from mcrm.inbox.models import Handover
from mcrm.transaction import perform, transaction
from mcrm.wakeup import Notifier
from tests import doors
from tests.apps.conftest import PASSWORD, hashed
from tests.bots.conftest import SETTINGS
from tests.cast import a_customer, a_user, an_order
from tests.edge.wire import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser]
BEN, KOFI = "+447700900201", "kofi@harbourandpine.example"
numbers = count(1)


@dataclass
class Desk:
    """A running product with an agent's page on it."""

    page: Page

    def text(self, words: str) -> None:
        """Ben writes."""
        answer(Inbound("sms", f"SM{next(numbers)}", BEN, text=words), House.of(SETTINGS))

    def sign_in(self) -> None:
        self.page.get_by_label("E-mail").fill(KOFI)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_text("Live", exact=True).wait_for()


def agent(settings: Settings) -> tuple[Blueprint, frozenset[str]]:
    """Where the agents' screen is served."""
    return serving.make_agent(settings), serving.AGENT_ENDPOINTS


@pytest.fixture
def desk(committed: Database, browser: "Browser") -> Iterator[Desk]:
    """Kofi's screen, before he signs in."""
    settings = doors.settings()
    keys.use(settings.secret_key)
    with transaction() as session:
        users.create(session, SYSTEM, email=KOFI, name="Kofi Mensah", role="agent", password_hash=hashed())
        an_order(session, a_customer(session, "Ben Okafor", phone=BEN), "1002", "shipped")
        canned.add(session, SYSTEM, name="Hello", locale="en", body="Hello {{ customer }}, {{ agent }} here.")
    assert isinstance(committed.bind, Engine)
    url = committed.bind.url.render_as_string(hide_password=False)
    heard = (
        partial(live.authorise, settings),
        live.CommittedChanges(),
        url,
        None,
        {INBOX: partial(live.authorise_desk, settings)},
    )
    app = doors.make_app(settings, door=agent)
    edge = edge_app(lambda: app, limits=settings.limits, make_live=lambda: LiveSource(*heard))
    before, committed.wake = committed.wake, Notifier(committed).wake
    errors: list[str] = []
    with served(edge) as port, browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/agent/")
        yield Desk(page)
    committed.wake = before
    assert errors == []


@pytest.mark.parametrize("committed", ["sqlite"], indirect=True)
def test_a_hand_over_and_back_on_the_screen(desk: Desk) -> None:
    desk.sign_in()
    page = desk.page
    desk.text("where is order 1002")
    desk.text("agent")

    page.locator(".entry", has_text="Ben Okafor").click()
    expect(page.get_by_role("heading", name="Ben Okafor", level=1)).to_be_visible()
    expect(page.locator(".bubble.in").last).to_contain_text("agent")
    expect(page.locator(".customer")).to_contain_text("1002")

    page.get_by_label("Canned replies").select_option(label="Hello")
    expect(page.get_by_label("Your answer")).to_have_value("Hello Ben, Kofi here.")
    page.get_by_label("Your answer").press("Enter")
    expect(page.locator(".bubble.out").last).to_contain_text("Hello Ben, Kofi here.")

    page.get_by_label("Note for colleagues").check()
    page.get_by_label("Your answer").fill("A regular.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".bubble.note")).to_contain_text("A regular.")

    desk.text("Thank you, all is well.")
    expect(page.locator(".bubble.in").last).to_contain_text("all is well")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator(".toast")).to_contain_text("Settled")
    expect(page.locator(".entry")).to_have_count(0)

    desk.text("5")
    with reading() as session:
        texts = session.scalars(select(Delivery.text).order_by(Delivery.id)).all()
    assert texts[-3:-2] == ["Hello Ben, Kofi here."]
    assert texts[-1] == "Thank you for telling us."
    assert not any("regular" in text for text in texts)


@pytest.mark.parametrize("committed", ["sqlite"], indirect=True)
def test_an_agent_sees_that_a_manager_took_over_and_takes_back_when_they_are_gone(desk: Desk) -> None:
    desk.sign_in()
    page = desk.page
    desk.text("agent")
    page.locator(".entry", has_text="Ben Okafor").click()
    page.get_by_role("button", name="Resolve").wait_for()

    def take_over(session: Session) -> None:
        noor = a_user(session, "Noor Haddad", "manager")
        by = Actor(Role.MANAGER, Channel.API, noor.id, scope=Scope.ALL)
        [handover_id] = session.scalars(select(Handover.id))
        answering.take_over(session, by, handover_id, reason="A matter of the press.")

    perform(take_over)
    expect(page.locator(".toast")).to_contain_text("No longer yours: Ben Okafor")
    expect(page.locator(".fact").last).to_contain_text("Noor Haddad took it over: A matter of the press.")
    expect(page.get_by_label("Note for colleagues")).to_be_checked()
    page.get_by_role("button", name="Take over").click()
    page.get_by_label("Why").fill("Noor has left.")
    page.get_by_role("dialog").get_by_role("button", name="Take over").click()
    expect(page.locator(".fact").last).to_contain_text("Kofi Mensah took it over: Noor has left.")
    expect(page.get_by_role("button", name="Resolve")).to_be_visible()
    expect(page.get_by_label("Note for colleagues")).not_to_be_checked()


@pytest.mark.parametrize("committed", ["sqlite"], indirect=True)
def test_the_screen_works_by_keyboard(desk: Desk) -> None:
    desk.sign_in()
    page = desk.page
    page.get_by_role("switch", name="Present").click()
    page.get_by_role("switch", name="Away").wait_for()
    desk.text("agent")  # nobody is present: a case, no hand-over
    page.get_by_role("switch", name="Away").click()
    page.get_by_role("switch", name="Present").wait_for()
    desk.text("agent")
    page.locator(".entry").wait_for()
    page.locator("body").press("ArrowDown")
    expect(page.locator(".entry")).to_be_focused()
    page.locator(".entry").press("Enter")
    expect(page.get_by_label("Your answer")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".entry")).to_be_focused()
