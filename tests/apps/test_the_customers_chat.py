"""The customer's chat in a real browser: signed in by a code, answered, a person's word as it comes."""

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask import Blueprint
from sqlalchemy import Engine, select

from apps import serving
from mcrm import db, keys, live
from mcrm.actors import Role
from mcrm.config import Settings
from mcrm.db import Database
from mcrm.deliveries.models import Delivery
from mcrm.edge.app import LiveSource, edge_app
from mcrm.edge.streams import CHAT
from mcrm.interactions import log
from mcrm.settings_store import service as settings_store
from mcrm.transaction import transaction
from mcrm.wakeup import Notifier
from tests import doors
from tests.callers import as_staff
from tests.cast import a_customer, an_order
from tests.edge.wire import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
BEN = "+447700900201"


def customer(settings: Settings) -> tuple[Blueprint, frozenset[str]]:
    """Where the customers' app is served."""
    return serving.make_customer(settings), serving.CUSTOMER_ENDPOINTS


@pytest.fixture
def page(committed: Database, browser: "Browser") -> Iterator["Page"]:
    """Ben's phone, before he signs in."""
    settings = doors.settings()
    keys.use(settings.secret_key)
    settings_store.forget()
    with transaction() as session:
        an_order(session, a_customer(session, phone=BEN, push="token-of-bens-phone"), "1002", "shipped")
    assert isinstance(committed.bind, Engine)
    url = committed.bind.url.render_as_string(hide_password=False)
    rooms = {CHAT: partial(live.authorise_chat, settings)}
    source = LiveSource(partial(live.authorise, settings), live.CommittedChanges(), url, None, rooms)
    app = doors.make_app(settings, door=customer)
    before, committed.wake = committed.wake, Notifier(committed).wake
    errors: list[str] = []
    with served(edge_app(lambda: app, limits=settings.limits, make_live=lambda: source)) as port:
        with browser.new_context() as context:
            page = context.new_page()
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"http://127.0.0.1:{port}/app/")
            yield page
    committed.wake = before
    settings_store.forget()
    assert errors == []


def sign_in(page: "Page") -> None:
    page.get_by_label("Your number").fill(BEN)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code from the text").wait_for()
    with db.reading() as session:
        text = session.scalars(select(Delivery.text).where(Delivery.kind == "code")).one()
    [code] = re.findall(r"\d{6}", text)
    page.get_by_label("Code from the text").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Message").wait_for()


def say(page: "Page", words: str) -> None:
    page.get_by_label("Message").fill(words)
    page.keyboard.press("Enter")


def test_a_customer_asks_chooses_and_hears_a_person(page: "Page", committed: Database) -> None:
    sign_in(page)
    say(page, "menu")
    page.get_by_role("button", name="Track an order").click()
    page.locator(".bubble.bot", has_text="Order 1002: on its way").wait_for()
    assert page.locator(".bubble.own p").all_inner_texts() == ["menu", "Track an order"]
    assert page.locator(".choices").count() == 0

    kofi = as_staff(doors.make_app().test_client(), Role.AGENT, name="Kofi Mensah")
    kofi.put("/v1/inbox/presence", {"is_present": True})
    say(page, "agent")
    page.locator(".bar", has_text="A person answers").wait_for()
    [one] = kofi.get("/v1/inbox/handovers", going_on="true").json["items"]
    with db.reading() as session:
        before = log.head(session)[1]  # an earlier answer may be reported as read only now

    def is_of_the_answer(response: Any) -> bool:
        return bool(response.url.endswith("/reading") and response.request.post_data_json["position"] > before)

    with page.expect_response(is_of_the_answer) as reported:
        kofi.post(f"/v1/inbox/handovers/{one['id']}/messages", {"text": "Hello Ben, it comes tomorrow."})
        page.locator(".bubble.agent", has_text="it comes tomorrow").wait_for()
    assert reported.value.status == 200
    with db.reading() as session:
        news = session.scalars(select(Delivery).where(Delivery.kind == "agent-reply-news")).one()
        assert (news.state, news.reason) == ("suppressed", "shown-in-the-app")


def test_a_code_that_is_faster_than_the_answer_is_written_for_its_owner(page: "Page") -> None:
    """On the page of phones a text may be there before the app knows that it was sent."""
    form = """async () => {
        const { SignIn } = await import("./signin.js");
        const form = new SignIn("Harbour & Pine", { ask: async () => form.heard("123456"), enter: async () => {} });
        form.heard("654321");
        form.phone.value = "+447700900201";
        const before = form.code.value;
        await form.next();
        return [before, form.code.value, form.second.hidden];
    }"""
    assert page.evaluate(form) == ["", "123456", False]


def test_what_could_not_be_sent_is_sent_once_more_and_arrives_once(page: "Page", committed: Database) -> None:
    sign_in(page)
    say(page, "hello")
    page.locator(".bubble.bot").first.wait_for()
    page.route("**/conversation/messages", lambda route: (route.fetch(), route.abort()))  # the reply is lost
    say(page, "where is my order?")
    page.locator(".bubble.bot", has_text="Order 1002").wait_for()  # the stream brings what the reply did not
    page.unroute("**/conversation/messages")
    page.wait_for_timeout(200)
    assert page.locator(".bubble.own").count() == 2
    page.context.set_offline(True)
    say(page, "thanks")
    page.get_by_role("button", name="Try again").wait_for()
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    page.locator(".bubble.bot", has_text="welcome").wait_for()
    assert page.locator(".bubble.own").count() == 3
