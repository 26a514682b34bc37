"""Redraw the pictures of the docs: `python -m docs.pictures [--url SANDBOX] [--chromium PATH]`.

Without a URL a small scene is played on a stage, so that the pictures look the same on every machine. With the URL of a
running sandbox (`make demo`) its phones are taken as they are, after each customer has said a word to the real bots.
"""

import argparse
import json
import shutil
import urllib.request
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from docs.stage import Stage

PICTURES = Path(__file__).parent / "pictures"
LARGEST_BYTES = 400_000
MOMENT = datetime(2026, 11, 25, 14, 12, tzinfo=UTC)
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
PEOPLE: list[dict[str, Any]] = [
    {"name": "Ben Okafor", "phone": "+447700900201", "telegram_user_id": 700201, "push_token": "token-ben"},
    {"name": "Aisha Khan", "phone": "+447700900202", "telegram_user_id": 700202, "push_token": None},
    {"name": "Tom Reilly", "phone": "+447700900203", "telegram_user_id": None, "push_token": None},
    {"name": "Mei Lin", "phone": "+447700900204", "telegram_user_id": None, "push_token": "token-mei"},
]
FACES = {"Ben Okafor": "Lock screen", "Aisha Khan": "Telegram", "Tom Reilly": "Messages", "Mei Lin": "Messages"}


@dataclass(frozen=True)
class Shot:
    """One picture: its file, the window in CSS pixels, real pixels to each of them, and whose phone is in front."""

    file: str
    width: int
    height: int
    scale: float
    dark: bool = False
    front: str | None = None


SHOTS = [
    Shot("phones.png", 1320, 880, 1.33),
    Shot("phones-dark.png", 1320, 880, 1.33, dark=True),
    Shot("phones-mobile.png", 360, 740, 2, front="Aisha Khan"),
]


def main() -> None:
    """Draw every picture, or say in one sentence why not."""
    parser = argparse.ArgumentParser(prog="docs.pictures", description=__doc__)
    parser.add_argument("--url", help="a running carrier sandbox, e.g. http://127.0.0.1:8001")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    wanted = parser.parse_args()
    if not wanted.chromium:
        raise SystemExit("The pictures need Chromium: install it, or name it with --chromium.")
    PICTURES.mkdir(exist_ok=True)
    stage = nullcontext() if wanted.url else Stage(PEOPLE)
    with stage as played, sync_playwright() as playwright:
        if played:
            tell(played)
        else:
            talk(wanted.url)
        browser = playwright.chromium.launch(executable_path=wanted.chromium, args=CHROMIUM_ARGS)
        for shot in SHOTS:
            draw(browser, played.url if played else wanted.url, shot, at=MOMENT if played else None)
        browser.close()


def draw(browser: Browser, url: str, shot: Shot, at: datetime | None) -> None:
    """Take one picture of the page at `url`; `at` stops the page's clock, so that the picture can be drawn again."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=shot.scale,
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    page = context.new_page()
    if at:
        page.clock.set_fixed_time(at)
    page.goto(url)
    page.locator("#live[data-state=live]").wait_for()
    compose(page, shot)
    path = PICTURES / shot.file
    page.screenshot(path=path)
    context.close()
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path} is {size:,} bytes; a picture of the docs has at most {LARGEST_BYTES:,}.")
    print(f"{path.relative_to(PICTURES.parent.parent)}  {shot.width} × {shot.height}  {size // 1000} kB")


def compose(page: Page, shot: Shot) -> None:
    """Turn every phone to the face that tells most, and bring one to the front."""
    page.locator(".phone").first.wait_for()
    for name, face in FACES.items():
        tab = page.locator(f'.phone[aria-label^="{name}"]').get_by_role("tab", name=face)
        if tab.count():
            tab.evaluate("tab => tab.click()")
    if shot.front:
        front = page.locator(f'.phone[aria-label^="{shot.front}"]')
        front.evaluate("phone => phone.scrollIntoView({inline: 'center', block: 'nearest'})")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)


def talk(url: str) -> None:
    """Let the customers of a running demo say a word, so that there is something to see."""
    with urllib.request.urlopen(f"{url}/_control/people", timeout=10) as answer:
        people = json.load(answer)["people"]
    for person in people:
        if person["telegram_user_id"]:
            post(url, "telegram", {"user_id": person["telegram_user_id"], "text": "/orders"})
        else:
            post(url, "sms", {"from": person["phone"], "body": "orders"})


def post(url: str, channel: str, body: dict[str, Any]) -> None:
    """One word from a customer; the sandbox answers when the webhook has."""
    request = urllib.request.Request(
        f"{url}/_control/{channel}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def tell(stage: Stage) -> None:
    """The scene: a push, a chat with buttons, a text that finds an order, and a STOP that is obeyed."""
    _aisha_asks_on_telegram(stage)
    _tom_asks_by_text(stage)
    _mei_stops_the_texts(stage)
    _ben_reads_his_lock_screen(stage)


def _ago(minutes: float) -> datetime:
    return MOMENT - timedelta(minutes=minutes)


def _aisha_asks_on_telegram(stage: Stage) -> None:
    chat = "700202"
    said = {"from_": chat, "raw": {}}
    heard = {"to": chat, "method": "sendMessage"}
    stage.play("telegram", "in", body="/start", at=_ago(14), **said)
    stage.play(
        "telegram",
        body="Hello Aisha, this is Harbour & Pine. Ask me about an order, or choose below.",
        provider_id=11,
        at=_ago(14),
        **heard,
    )
    stage.play("telegram", "in", body="where is my coffee?", at=_ago(6), **said)
    stage.play(
        "telegram",
        body="Order 1042 is on its way.\nExpected Thursday 26 November.\n\n"
        "2 × Harbour Espresso 1 kg\n1 × Pour-over Stand, Ash",
        provider_id=12,
        at=_ago(6),
        raw={
            "entities": [{"type": "bold", "offset": 0, "length": 25}],
            "reply_markup": {
                "inline_keyboard": [
                    [
                        {"text": "Follow the parcel", "callback_data": "t:1042"},
                        {"text": "All orders", "callback_data": "o"},
                    ],
                    [{"text": "Talk to a person", "callback_data": "a"}],
                ]
            },
        },
        **heard,
    )
    stage.play("telegram", "in", body="lovely, thank you", at=_ago(5), **said)
    stage.play(
        "telegram", body="You're welcome. I'll tell you when it is delivered.", provider_id=13, at=_ago(5), **heard
    )


def _tom_asks_by_text(stage: Stage) -> None:
    tom = "+447700900203"
    stage.play("sms", "in", from_=tom, body="Where is 1043?", at=_ago(9))
    _text(stage, tom, "Harbour & Pine: order 1043 is confirmed and being packed. Expected Friday 27 November.", 9)
    stage.play("sms", "in", from_=tom, body="and 1039", at=_ago(8))
    _text(stage, tom, "Order 1039 was delivered on 19 November: 1 Enamel Mug, Pine; 3 Filter Papers.", 8)
    stage.play("sms", "in", from_=tom, body="track 1001", at=_ago(7))
    _text(stage, tom, "I can't find order 1001 under your number. Reply ORDERS for your list.", 7)


def _mei_stops_the_texts(stage: Stage) -> None:
    mei = "+447700900204"
    stage.play("sms", "in", from_=mei, body="please stop texting me", at=_ago(62))
    _text(stage, mei, "Harbour & Pine: you will get no more texts from us. Reply START to hear from us again.", 62)
    stage.play("sms", "in", from_=mei, body="START", at=_ago(4))
    _text(stage, mei, "Welcome back. Reply ORDERS for your orders, HELP for help.", 4)
    stage.play("sms", "in", from_=mei, body="Is 1044 coming today?", at=_ago(0.5))
    _text(stage, mei, "Order 1044 is on its way. Expected Thursday 26 November.", 0.5, status="sent")


def _ben_reads_his_lock_screen(stage: Stage) -> None:
    for minutes, tag, words in [
        (1500, "roast", "The winter roast is here\nDark cherry, cocoa and a little smoke. From £9.50."),
        (190, "order-1038", "Order 1038 delivered\nLeft with your neighbour at number 14."),
        (41, "order-1041", "Order 1041 confirmed\nWe are roasting your Harbour Espresso today."),
        (2, "order-1041", "Order 1041 is on its way\nExpected Thursday 26 November with Severn Parcels."),
    ]:
        title, body = words.split("\n")
        raw = {"message": {"notification": {"title": title, "body": body}, "android": {"collapse_key": tag}}}
        stage.play("push", to="token-ben", body=words, raw=raw, at=_ago(minutes), method="send")


def _text(stage: Stage, to: str, body: str, minutes: float, status: str = "delivered") -> None:
    item = stage.play("sms", to=to, body=body, at=_ago(minutes), method="Messages.create")
    stage.status(item["provider_id"], status)


if __name__ == "__main__":
    main()
