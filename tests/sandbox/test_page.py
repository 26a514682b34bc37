"""The page of phones in a real browser: what customers see, and what somebody at the page can do."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from docs.stage import OUR_NUMBER, Stage

PEOPLE = [
    {"name": "Ben Okafor", "phone": "+447700900201", "telegram_user_id": 700201, "push_token": "token-ben"},
    {"name": "Aisha Khan", "phone": "+447700900202", "telegram_user_id": 700202, "email": "aisha@example.com"},
    {"name": "Tom Reilly", "phone": "+447700900203", "telegram_user_id": None, "push_token": None},
    {"name": "Mei Lin", "phone": "+447700900204", "telegram_user_id": None, "push_token": "token-mei"},
]

pytestmark = pytest.mark.browser

BEN, AISHA, TOM = "+447700900201", "700202", "+447700900203"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage(list(PEOPLE)) as opened:
        yield opened


def phone(page: Page, name: str) -> Locator:
    return page.locator(f'.phone[aria-label^="{name}"]')


def open_page(page: Page, stage: Stage) -> None:
    page.goto(stage.url)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator(".phone")).to_have_count(len(stage.people))


def show(page: Page, name: str, face: str) -> Locator:
    """Turn somebody's phone to a face."""
    owner = phone(page, name)
    owner.get_by_role("tab", name=face).click()
    return owner


def test_everybody_has_the_faces_that_reach_them(page: Page, stage: Stage) -> None:
    open_page(page, stage)

    assert phone(page, "Ben Okafor").get_by_role("tab").all_inner_texts() == ["Messages", "Telegram", "Lock screen"]
    assert phone(page, "Tom Reilly").get_by_role("tab").all_inner_texts() == ["Messages", "Telegram"]


def test_a_text_shows_how_far_the_carrier_got(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    tom = phone(page, "Tom Reilly")
    for status, word in [(None, "Queued"), ("sent", "Sent"), ("delivered", "Delivered")]:
        if status is None:
            stage.play("sms", to=TOM, body="Order 1043 is being packed.", provider_id="SM1")
        else:
            stage.status("SM1", status)
        expect(tom.locator(".theirs .status")).to_have_text(word)
    stage.play("sms", to=TOM, body="And 1044.", provider_id="SM2")
    stage.status("SM2", "undelivered")

    expect(tom.locator(".note.bad .status")).to_have_text("Not delivered")


def test_one_texts_as_the_customer_with_the_enter_key(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    tom = phone(page, "Tom Reilly")
    tom.get_by_label("Text message from Tom Reilly").fill("where is 1043?")
    page.keyboard.press("Enter")

    expect(tom.locator(".own .bubble")).to_have_text("where is 1043?")
    assert stage.posts == [("sms", {"from": TOM, "body": "where is 1043?"})]


def test_a_webhook_that_refuses_is_said_and_the_words_are_kept(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    stage.webhook_status = 403
    tom = phone(page, "Tom Reilly")
    box = tom.get_by_label("Text message from Tom Reilly")
    box.fill("hello")
    box.press("Enter")

    expect(tom.get_by_role("alert").first).to_have_text("Not sent. The webhook answered 403.")
    expect(box).to_have_value("hello")


def test_a_button_is_tapped_answered_and_its_keyboard_goes_away(page: Page, stage: Stage) -> None:
    stage.play(
        "telegram",
        to=AISHA,
        body="Order 1042?",
        provider_id=7,
        method="sendMessage",
        raw={"reply_markup": '{"inline_keyboard": [[{"text": "Track", "callback_data": "t:1042"}]]}'},
    )
    open_page(page, stage)
    aisha = show(page, "Aisha Khan", "Telegram")
    aisha.get_by_role("button", name="Track").click()
    expect(aisha.get_by_role("button", name="Track")).to_have_attribute("aria-busy", "true")
    [(_, tap)] = stage.posts
    query = {"callback_query_id": stage.items[-1]["raw"]["callback_query"]["id"], "text": "On its way"}
    stage.play("telegram", to=AISHA, method="answerCallbackQuery", raw=query)
    stage.play("telegram", to=AISHA, body="Order 1042 is on its way.", method="editMessageText", raw={"message_id": 7})

    assert tap == {"user_id": 700202, "callback_data": "t:1042", "message_id": 7}
    expect(aisha.locator(".toast")).to_have_text("On its way")
    expect(aisha.locator(".message")).to_have_count(1)
    expect(aisha.locator(".bubble")).to_contain_text("Order 1042 is on its way.edited")
    expect(aisha.get_by_role("button", name="Track")).to_have_count(0)


def test_a_customer_shares_the_number_of_the_phone(page: Page, stage: Stage) -> None:
    keyboard = {"keyboard": [[{"text": "Share my number", "request_contact": True}]]}
    stage.play("telegram", to="700900203", body="Who are you?", method="sendMessage", raw={"reply_markup": keyboard})
    open_page(page, stage)
    tom = show(page, "Tom Reilly", "Telegram")
    tom.get_by_role("button", name="Share my number").click()
    expect(tom.locator(".own .bubble")).to_contain_text(TOM)
    stage.play(
        "telegram", to="700900203", body="Thanks", method="sendMessage", raw={"reply_markup": {"remove_keyboard": True}}
    )

    expect(tom.locator(".replies")).to_be_hidden()
    contact = {"phone_number": "447700900203", "user_id": 700900203, "first_name": "Tom"}
    assert stage.posts[0][1]["contact"] == contact


def test_a_link_in_a_text_opens_the_chat_with_its_token(page: Page, stage: Stage) -> None:
    stage.play("sms", to=TOM, body="Chat with us: https://t.me/harbourandpine_bot?start=abc-1")
    open_page(page, stage)
    tom = phone(page, "Tom Reilly")
    tom.get_by_role("button", name="Open in Telegram").click()

    expect(tom.locator(".face.telegram .own .bubble")).to_contain_text("/start abc-1")
    expect(tom.get_by_role("tab", name="Telegram")).to_have_attribute("aria-selected", "true")


def test_a_mail_lies_in_the_inbox_of_its_owner_and_is_read_there(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    aisha = phone(page, "Aisha Khan")
    facts = {"from_": "hello@harbourandpine.example", "raw": {"subject": "481516 is your code."}}
    stage.play("email", to="Aisha+new@example.com", body="481516 is your code.\nNobody will ask for it.", **facts)
    expect(aisha.get_by_role("tab", name="Mail, 1 new")).to_be_visible()
    aisha.locator(".banner").click()
    expect(aisha.locator(".mail .letter")).to_be_hidden()
    aisha.locator(".mail summary").click()

    expect(aisha.locator(".mail strong")).to_have_text("481516 is your code.")
    expect(aisha.locator(".mail .letter")).to_contain_text("Nobody will ask for it.")
    expect(aisha.locator(".mail .to")).to_have_text("To Aisha+new@example.com")
    expect(page.locator("#announcer")).to_contain_text("Aisha Khan, mail: 481516 is your code.")


def test_links_in_a_mail_lead_to_the_product_alone_and_its_words_stay_words(page: Page, stage: Stage) -> None:
    stage.product = "http://127.0.0.1:8000"
    ours, theirs = f"{stage.product}/i/abc?x=1&y=2", "http://127.0.0.1:8000.evil.example/i/abc"
    evil = "<a href=http://evil.example>here</a><img src=x onerror=document.title=1>"
    body = f"Your invoice: {ours}. Not {theirs}, not http://[ nor javascript:alert(1). {evil}"
    stage.play("email", to="aisha@example.com", body=body, raw={"subject": evil})
    open_page(page, stage)
    mail = show(page, "Aisha Khan", "Mail").locator(".mail")
    mail.locator("summary").click()

    expect(mail.locator(".letter")).to_contain_text(body)
    expect(mail.locator("strong")).to_have_text(evil)
    expect(mail.locator("a")).to_have_count(1)
    expect(mail.locator("a")).to_have_attribute("href", ours)
    expect(page.locator(".phone img")).to_have_count(0)


def test_mail_to_nobody_known_has_a_phone_of_its_own(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    stage.play("email", to="new@example.com", body="x")

    expect(phone(page, "Unknown mailbox, new@example.com")).to_have_count(1)
    expect(page.locator(".mail strong")).to_have_text("(no subject)")


def test_a_push_with_the_same_key_replaces_the_one_before(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    ben = phone(page, "Ben Okafor")
    raw = {"message": {"android": {"collapse_key": "order-1041"}}}
    stage.play("push", to="token-ben", body="Order 1041 confirmed\nWe are roasting.", raw=raw)
    stage.play("push", to="token-ben", body="Order 1038 delivered\nEnjoy.")
    stage.play("push", to="token-ben", body="Order 1041 is on its way\nThursday.", raw=raw)
    expect(ben.locator(".banner")).to_contain_text("Order 1041 is on its way")
    ben.locator(".banner").click()

    expect(ben.locator(".notice strong")).to_have_text(["Order 1041 is on its way", "Order 1038 delivered"])
    expect(ben.locator(".badge").last).to_be_hidden()


def test_hostile_words_stay_words(page: Page, stage: Stage) -> None:
    evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>\N{RIGHT-TO-LEFT OVERRIDE}'
    stage.play("sms", "in", from_=BEN, body=evil)
    stage.play("telegram", to="700201", body=evil, raw={"entities": [{"type": "bold", "offset": 0, "length": 999}]})
    stage.play(
        "telegram",
        to="700201",
        body="x",
        raw={"reply_markup": {"inline_keyboard": [[{"text": evil, "url": "javascript:alert(1)"}], None]}},
    )
    stage.play("push", to="token-ben", body=f"{evil}\n{evil}", raw=[])
    open_page(page, stage)

    expect(phone(page, "Ben Okafor").locator(".face.sms .bubble")).to_have_text(evil)
    expect(page.locator(".phone img, .phone script, .phone a")).to_have_count(0)
    assert page.title().startswith("Phones")


def test_two_hundred_messages_scroll_inside_and_stay_where_one_reads(page: Page, stage: Stage) -> None:
    for number in range(220):
        stage.play("sms", to=TOM, body=f"Message {number}")
    open_page(page, stage)
    tom = phone(page, "Tom Reilly")
    scroller = tom.locator(".face.sms .scroller")
    expect(tom.locator(".face.sms .message")).to_have_count(200)
    expect(tom.get_by_text("Message 219")).to_be_in_viewport()
    scroller.evaluate("node => node.scrollTop = 0")
    expect(tom.get_by_role("button", name="To the newest message")).to_be_visible()
    stage.play("sms", to=TOM, body="The newest")
    expect(tom.get_by_text("The newest")).not_to_be_in_viewport()
    tom.get_by_role("button", name="To the newest message").click()

    expect(tom.get_by_text("The newest")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_the_page_finds_a_sandbox_that_was_away(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    stage.close()
    expect(page.locator("#away")).to_be_visible()
    stage.play("sms", to=TOM, body="Said while nobody looked")
    stage.open()

    expect(page.locator("#away")).to_be_hidden()
    expect(phone(page, "Tom Reilly").locator(".bubble")).to_have_text("Said while nobody looked")


def test_arrow_keys_go_from_phone_to_phone(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    phone(page, "Ben Okafor").locator(".owner").focus()
    page.keyboard.press("ArrowRight")
    expect(phone(page, "Aisha Khan").locator(".owner")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Text message from Tom Reilly")).to_be_focused()
    page.keyboard.press("Escape")
    expect(phone(page, "Tom Reilly").locator(".owner")).to_be_focused()
    page.keyboard.press("End")

    expect(phone(page, "Mei Lin").locator(".owner")).to_be_focused()


def test_new_messages_are_said_aloud(page: Page, stage: Stage) -> None:
    stage.play("sms", to=TOM, body="Old news")
    open_page(page, stage)
    stage.play("push", to="token-ben", body="Order 1041 is on its way\nThursday.")

    expect(page.locator("#announcer p")).to_have_text(["Ben Okafor, notification: Order 1041 is on its way. Thursday."])


def test_a_new_phone_writes_as_any_number(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    page.get_by_role("button", name="New phone").click()
    page.get_by_label("Number").fill("no number")
    page.keyboard.press("Enter")
    expect(page.locator("#new-number-error")).to_contain_text("A number with its country")
    page.get_by_label("Number").fill("+44 7700 900255")
    page.keyboard.press("Enter")
    page.keyboard.type("hello")
    page.keyboard.press("Enter")

    expect(phone(page, "New phone").locator(".own .bubble")).to_have_text("hello")
    assert stage.posts == [("sms", {"from": "+447700900255", "body": "hello"})]


def test_a_crowd_of_strangers_leaves_the_page_usable(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    for number in range(300):
        stage.play("push", to=f"token-{number}", body="The winter roast\nis here")

    expect(page.locator("#crowd")).to_have_text("and 288 other addresses that are not shown")
    expect(page.locator(".phone")).to_have_count(4 + 12)


def test_somebody_the_demo_has_since_seeded_gets_a_name(page: Page, stage: Stage) -> None:
    stage.people.clear()
    open_page(page, stage)
    stage.people.append({"name": "Ines Costa", "phone": "+447700900260", "telegram_user_id": None, "push_token": None})
    stage.play("sms", "in", from_="+447700900260", body="hello")

    expect(phone(page, "Ines Costa").locator(".own .bubble")).to_have_text("hello")


def test_the_customers_stand_first_and_the_phones_of_reps_start_when_looked_at(page: Page, stage: Stage) -> None:
    stage.reps = [{"name": "Sam Doyle", "email": "sam@harbourandpine.example", "password": "none"}]
    stage.rep_app = f"{stage.url}/rep/"
    page.goto(stage.url)
    expect(page.locator(".phone")).to_have_count(len(PEOPLE) + 2)
    expect(phone(page, "Ben Okafor")).to_be_in_viewport()
    names = page.locator("#strip button").all_inner_texts()
    assert [name.splitlines()[-1] for name in names] == ["Ben", "Aisha", "Tom", "Mei", "Sam", "Sam’s tablet"]
    assert phone(page, "Sam’s tablet").locator("iframe[src]").count() == 0, "nobody has looked at it yet"


def test_a_fault_is_set_seen_and_cleared(page: Page, stage: Stage) -> None:
    open_page(page, stage)
    page.get_by_role("button", name="Faults").click()
    page.get_by_text("Push", exact=True).click()
    page.get_by_label("What happens").select_option("unregistered_token")
    page.get_by_label("How often").fill("2")
    page.get_by_role("button", name="Set fault").click()
    expect(page.locator("#active-faults li")).to_have_text("Push: App uninstalled2 times")
    assert stage.faults == [{"provider": "fcm", "kind": "unregistered_token", "count": 2}]
    page.get_by_role("button", name="Back to normal").click()

    expect(page.locator("#active-faults li")).to_have_text("Everything is normal.")
    assert stage.faults == []


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_page_fits_the_window(page: Page, stage: Stage, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    stage.play("sms", to=TOM, body="x" * 400)
    open_page(page, stage)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    expect(phone(page, "Ben Okafor").get_by_label("Text message from Ben Okafor")).to_be_in_viewport(ratio=1)
    expect(phone(page, "Ben Okafor").locator(".head strong").first).to_contain_text(OUR_NUMBER[-6:])
