"""Redraw the pictures of the docs: `python -m docs.pictures [--chromium PATH]`.

The real demo is started in a folder of its own, its customers talk with the real bots, and the phones are taken as they
then are: a picture shows nothing that the product does not do.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from demo.tour import Tour, play, sign_in
from docs.rep_day import RepDay

PICTURES = Path(__file__).parent / "pictures"
LARGEST_BYTES = 400_000
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
READY_S = 60.0
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
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    wanted = parser.parse_args()
    if not wanted.chromium:
        raise SystemExit("The pictures need Chromium: install it, or name it with --chromium.")
    PICTURES.mkdir(exist_ok=True)
    with running_demo() as description, sync_playwright() as playwright:
        talk(description)
        url = json.loads(description.read_text())["sandbox_url"]
        browser = playwright.chromium.launch(executable_path=wanted.chromium, args=CHROMIUM_ARGS)
        for shot in SHOTS:
            draw(browser, url, shot)
        draw_rep(browser, url)
        browser.close()


@contextmanager
def running_demo() -> Iterator[Path]:
    """The real demo on free ports; the path of its description."""
    with tempfile.TemporaryDirectory() as folder:
        ports = {name: str(free_port()) for name in ("MCRM_PORT", "MCRM_SANDBOX_PORT")}
        environment = {**os.environ, **ports, "MCRM_DEMO_FOLDER": folder}
        demo = subprocess.Popen([sys.executable, "-m", "cli", "demo"], env=environment, stdout=subprocess.DEVNULL)
        try:
            description = Path(folder) / "demo.json"
            wait_until_open(description)
            yield description
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(60)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(description: Path) -> None:
    """Wait for the web process to be ready; raises SystemExit when it does not come."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(json.loads(description.read_text())["base_url"] + "/readyz").status_code == 200:
                return
        except (OSError, ValueError, httpx.HTTPError):
            time.sleep(0.2)
    raise SystemExit("The demo did not open.")


def draw(browser: Browser, url: str, shot: Shot) -> None:
    """Take one picture of the page at `url`."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=shot.scale,
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    page = context.new_page()
    page.goto(url)
    page.locator("#live[data-state=live]").wait_for()
    compose(page, shot)
    path = PICTURES / shot.file
    page.screenshot(path=path)
    context.close()
    check(path)


def draw_rep(browser: Browser, url: str) -> None:
    """The rep's day of the tutorial, played on the page of phones, with a picture at each of its turns."""
    context = browser.new_context(
        viewport={"width": 1320, "height": 880},
        device_scale_factor=1.33,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    for path in RepDay(context.new_page(), url, PICTURES).play():
        check(path)
    context.close()


def check(path: Path) -> None:
    """Say what was drawn; raises SystemExit for a picture that is too large for the docs."""
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path} is {size:,} bytes; a picture of the docs has at most {LARGEST_BYTES:,}.")
    print(f"{path.relative_to(PICTURES.parent.parent)}  {size // 1000} kB")


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


def talk(description: Path) -> None:
    """The tour's story, an offer to everybody who asked for such, and a few more words."""
    play(description, as_json=True)
    with httpx.Client(timeout=15) as client:
        stage = Tour(json.loads(description.read_text()), client)
        list(sign_in(stage))
        offer = stage.call(
            "POST", "/v1/offers", title="The winter roast is here", body="Dark cherry, cocoa, a little smoke."
        )
        stage.call("POST", f"/v1/offers/{offer['id']}/announcement")
        aisha, tom, mei = (stage.people[name] for name in ("aisha", "tom", "mei"))
        stage.control(
            "/_control/telegram", user_id=aisha["telegram_user_id"], text=f"where is {aisha['orders'][1]['number']}?"
        )
        stage.control("/_control/telegram", user_id=aisha["telegram_user_id"], text="my orders")
        stage.control("/_control/sms", **{"from": mei["phone"], "body": "wheres my stuff"})
        stage.control("/_control/sms", **{"from": mei["phone"], "body": "1"})
        stage.control("/_control/sms", **{"from": mei["phone"], "body": "and can I talk to a person"})
        stage.control("/_control/sms", **{"from": tom["phone"], "body": f"track {tom['orders'][0]['number']}"})
    time.sleep(3)


if __name__ == "__main__":
    main()
