"""The tutorial `a-day-without-a-network`, played step by step on the page of phones, for its pictures."""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import FrameLocator, Locator, Page

PATIENCE_MS = 60_000
SETTLED_MS = 600


class RepDay:
    """Sam with two devices on the page at `url`; pictures go into `folder`."""

    def __init__(self, page: Page, url: str, folder: Path) -> None:
        """Nothing is opened yet."""
        self.page = page
        self.url = url
        self.folder = folder
        page.set_default_timeout(PATIENCE_MS)

    def play(self) -> Iterator[Path]:
        """The whole day; each picture as it is taken."""
        self.page.goto(self.url)
        self.page.locator("#live[data-state=live]").wait_for()
        self.page.locator("#strip").get_by_role("button", name="Sam’s tablet").click()
        phone, tablet = self.signed_in("phone"), self.signed_in("tablet")
        for kind in ("phone", "tablet"):
            self.switch(kind).click()
        self.note(phone, "The Ferry Café", "Wants a second grinder.")
        self.order(phone, "The Ferry Café")
        self.edit_aisha(phone, "Welsh", "Rings twice.")
        yield self.picture(self.page, "rep-phones.png")
        phone.get_by_role("link", name="Sync").click()
        yield self.picture(self.device("phone"), "rep-sync.png")
        self.order(tablet, "Ben Okafor")
        self.edit_aisha(tablet, "French", "Back door.")
        self.switch("phone").click()
        phone.get_by_role("heading", name="Up to date").wait_for()
        self.switch("tablet").click()
        tablet.get_by_role("link", name="Sync").click()
        tablet.get_by_role("heading", name="Conflicts").wait_for()
        tablet.get_by_role("heading", name="Refused").evaluate("heading => heading.scrollIntoView()")
        yield self.picture(self.device("tablet"), "rep-refused.png")
        self.page.emulate_media(color_scheme="dark")
        phone.get_by_role("link", name="Today").click()
        yield self.picture(self.page, "rep-dark.png")

    def device(self, kind: str) -> Locator:
        """Sam's phone or tablet on the page."""
        return self.page.locator(f'.phone.rep[aria-label^="Sam’s {kind}"]')

    def switch(self, kind: str) -> Locator:
        """Its airplane switch."""
        return self.device(kind).get_by_role("switch")

    def signed_in(self, kind: str) -> FrameLocator:
        """Its app, once the first sync is done."""
        app = self.device(kind).frame_locator("iframe")
        app.get_by_role("button", name="Sam Doyle").click()
        app.get_by_role("heading", name="Longest without a word").wait_for()
        self.device(kind).get_by_text("Up to date").first.wait_for()
        return app

    def account(self, app: FrameLocator, name: str) -> None:
        """Open an account."""
        app.get_by_role("link", name="Accounts").click()
        app.get_by_role("link", name=name).click()
        app.get_by_role("heading", name=name, level=1).wait_for()

    def note(self, app: FrameLocator, account: str, words: str) -> None:
        """Write a note about an account."""
        self.account(app, account)
        app.get_by_role("link", name="Note", exact=True).click()
        app.get_by_label("What was said or seen").fill(words)
        app.get_by_role("button", name="Save").click()
        app.get_by_text(words).wait_for()

    def order(self, app: FrameLocator, account: str) -> None:
        """Order so much that two such orders cannot both be had."""
        self.account(app, account)
        app.get_by_role("link", name="Order", exact=True).click()
        pieces = app.get_by_label("How many Kenya Nyeri, 250 g")
        pieces.fill("300")
        pieces.blur()
        app.get_by_role("button", name="Place order").click()
        app.get_by_text("Total").wait_for()

    def edit_aisha(self, app: FrameLocator, language: str, notes: str) -> None:
        """Change Aisha's language and notes."""
        self.account(app, "Aisha Khan")
        app.get_by_label("People").get_by_role("link").click()
        app.get_by_role("link", name="Edit").click()
        app.get_by_label("Language").select_option(label=language)
        app.get_by_label("Notes").fill(notes)
        app.get_by_role("button", name="Save").click()
        app.get_by_role("link", name="Edit").wait_for()

    def picture(self, of: Page | Locator, name: str) -> Path:
        """Take one picture."""
        for kind in ("phone", "tablet"):
            self.device(kind).frame_locator("iframe").locator(".toast").wait_for(state="detached")
        self.device("tablet").evaluate("tablet => tablet.scrollIntoView({inline: 'center', block: 'nearest'})")
        self.page.wait_for_timeout(SETTLED_MS)
        path = self.folder / name
        of.screenshot(path=path)
        return path
