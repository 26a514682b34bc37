"""The rep's app as an app: it opens without a server, forgets on demand, updates itself, fits, hears its frame.

What the databases do not differ in runs on SQLite alone.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from apps import serving
from apps.serving import Kept
from docs.stage import Stage
from mcrm import keys
from mcrm.app import create_app
from mcrm.config import Limits
from mcrm.db import Database, reading
from mcrm.edge.app import edge_app
from mcrm.interactions.models import Interaction
from tests import doors
from tests.apps.conftest import PASSWORD, SAM, PhoneMaker, Shop, open_shop
from tests.edge.wire import served

pytestmark = [pytest.mark.browser]
on_sqlite = pytest.mark.parametrize("committed", ["sqlite"], indirect=True)


@on_sqlite
def test_the_app_opens_with_the_server_gone(shop: Shop, phones: PhoneMaker) -> None:
    sam = phones().sign_in()
    sam.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    sam.context.set_offline(True)
    sam.page.reload()

    sam.note("Written under a bridge.")
    expect(sam.page.locator(".state")).to_have_attribute("data-state", "away")
    sam.context.set_offline(False)
    sam.settled()
    with reading() as session:
        assert session.scalars(select(Interaction.kind).where(Interaction.kind == "note.added")).all() == ["note.added"]


@on_sqlite
def test_a_refused_order_can_be_dropped(shop: Shop, phones: PhoneMaker) -> None:
    sam = phones().sign_in()
    sam.order(11)
    sam.go("#/sync")
    sam.page.locator(".card.bad").get_by_role("button", name="Drop").click()
    expect(sam.page.locator(".card.bad")).to_have_count(0)
    sam.page.get_by_role("button", name="Sync now").click()
    sam.settled()
    expect(sam.page.locator(".proof")).to_contain_text("Equal")


@on_sqlite
def test_signing_out_asks_before_it_loses_anything_and_then_forgets_everything(shop: Shop, phones: PhoneMaker) -> None:
    sam = phones().sign_in()
    sam.airplane(True)
    sam.note("Not sent yet.")
    sam.go("#/sync")
    sam.page.get_by_role("button", name="Sign out").click()
    dialog = sam.page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 change made here has not been sent")
    dialog.get_by_role("button", name="Lose it").click()
    expect(sam.page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    held = sam.page.evaluate(
        "indexedDB.databases().then(([{name}]) => new Promise(done => { const opening = indexedDB.open(name);"
        " opening.onsuccess = () => { const all = opening.result.transaction('records').objectStore('records').count();"
        " all.onsuccess = () => done(all.result); }; }))"
    )
    assert held == 0


@on_sqlite
def test_hostile_words_are_shown_as_words(shop: Shop, phones: PhoneMaker) -> None:
    shop.rename_ben(notes="<img src=x onerror=alert(1)>", name="<b>Ben</b>")
    sam = phones().sign_in()
    sam.go("#/accounts")
    sam.page.get_by_role("link", name="<b>Ben</b>").click()
    sam.page.get_by_label("People").get_by_role("link", name="<b>Ben</b>").click()
    expect(sam.page.locator(".prose")).to_have_text("<img src=x onerror=alert(1)>")
    assert sam.page.locator("#screen img, #screen b").count() == 0


@on_sqlite
def test_every_screen_fits_a_small_phone_and_names_its_controls(shop: Shop, phones: PhoneMaker) -> None:
    sam = phones().sign_in()
    sam.page.set_viewport_size({"width": 300, "height": 600})
    sam.open_ben()
    account = sam.page.evaluate("location.hash")
    sam.order(1)
    order = sam.page.evaluate("location.hash")
    contact = f"#/contact/{shop.ben}"
    forms = [f"{account}/{word}" for word in ("edit", "note", "contact", "order")]
    for address in [
        "#/today",
        "#/accounts",
        account,
        *forms,
        contact,
        f"{contact}/edit",
        f"{contact}/point",
        order,
        "#/sync",
    ]:
        sam.go(address)
        sam.page.wait_for_timeout(150)
        facts = sam.page.evaluate(
            """() => ({
                wide: Math.max(document.documentElement.scrollWidth, document.querySelector("#screen").scrollWidth),
                nameless: [...document.querySelectorAll("button, a, input, select, textarea")].filter((node) =>
                    node.checkVisibility() && !node.textContent.trim() && !node.getAttribute("aria-label") &&
                    !document.querySelector(`label[for="${node.id}"]`) && !node.closest("label")).length,
            })"""
        )
        assert facts == {"wide": 300, "nameless": 0}, address


@on_sqlite
def test_one_moves_and_writes_by_keyboard_alone(shop: Shop, phones: PhoneMaker) -> None:
    sam = phones().sign_in()
    sam.page.get_by_role("link", name="Ben Okafor").first.focus()
    sam.page.keyboard.press("Enter")
    sam.page.get_by_role("heading", name="Ben Okafor", level=1).wait_for()
    sam.page.get_by_role("link", name="Note", exact=True).focus()
    sam.page.keyboard.press("Enter")
    sam.page.get_by_label("What was said or seen").focus()
    sam.page.keyboard.type("By keys.")
    sam.page.keyboard.press("Tab")
    sam.page.keyboard.press("Enter")
    expect(sam.page.get_by_text("By keys.")).to_be_visible()


@pytest.fixture
def phones_page(committed: Database, page: Page) -> Iterator[tuple[Page, Stage]]:
    """The page of phones with Sam's devices on it, which show the real app of a real server."""
    people: list[dict[str, Any]] = [
        {"name": "Ben Okafor", "phone": "+447700900201", "telegram_user_id": None, "push_token": None}
    ]
    with Stage(people) as stage, open_shop(committed, stage.url) as shop:
        stage.reps = [{"name": "Sam Doyle", "email": SAM, "password": PASSWORD}]
        stage.rep_app = f"{shop.url}/rep/"
        page.goto(stage.url)
        yield page, stage
        page.goto("about:blank")


@on_sqlite
def test_the_switch_on_the_frame_takes_the_network_away(phones_page: tuple[Page, Stage]) -> None:
    page, _ = phones_page
    phone = page.locator(".phone.rep:not(.tablet)")
    app = phone.frame_locator("iframe")
    app.get_by_role("button", name="Sam Doyle").click()
    app.get_by_role("heading", name="Longest without a word").wait_for()
    expect(phone.locator(".who small")).to_have_text("Up to date")

    phone.locator(".airplane").click()
    expect(phone.locator(".who small")).to_have_text("Airplane mode")
    expect(app.locator("#bar").get_by_role("switch")).to_have_attribute("aria-checked", "true")
    app.locator("#bar").get_by_role("switch").click()
    expect(phone.locator(".airplane")).to_have_attribute("aria-checked", "false")


@on_sqlite
def test_a_message_from_elsewhere_turns_nothing(shop: Shop, phones: PhoneMaker) -> None:
    sam = phones().sign_in()
    sam.page.evaluate("window.postMessage({ type: 'rep.airplane', on: true }, '*')")
    sam.note("Still on the air.")
    sam.settled()


def test_a_new_version_takes_over_when_the_rep_says_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(doors.settings())
    keys.use(settings.secret_key)

    def app() -> Any:
        return create_app(settings, doors=((serving.make_rep(settings), serving.ENDPOINTS),))

    present = {"app": app()}
    with served(edge_app(lambda: lambda *call: present["app"](*call), limits=Limits())) as port:
        address = f"http://127.0.0.1:{port}/rep/"
        page.goto(address)
        page.locator("body[data-ready]").wait_for()
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()
        of = serving.read_files
        newer = {"app.css": Kept.of(b"body { --newer: yes; }", ".css")}
        version = re.compile(rb'"version": "[0-9a-f]+"')

        def changed(origin: str | None, currency: str) -> dict[str, Kept]:
            files = of(origin, currency)
            place = version.sub(b'"version": "newer"', files["place.js"].body)
            return files | newer | {"place.js": Kept.of(place, ".js")}

        monkeypatch.setattr(serving, "read_files", changed)
        present["app"] = app()
        page.reload()
        page.locator("body[data-ready]").wait_for()
        assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--newer')") == ""
        page.get_by_role("button", name="Use it").click()
        page.wait_for_function("getComputedStyle(document.body).getPropertyValue('--newer') === 'yes'")
        kept = page.evaluate("caches.keys()")
        assert kept == ["rep-newer"], json.dumps(kept)
        page.goto("about:blank")
