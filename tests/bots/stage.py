"""Plays the scripts of tests/dialogues: a customer on any channel, the desk, and what must hold after every one."""

import re
import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bots import catalogue, chat, features, flowfiles, intents, model
from mcrm import clock
from mcrm.access import login, sessions, tokens
from mcrm.access.models import User
from mcrm.access.sessions import Device
from mcrm.access.tokens import Claims
from mcrm.actors import SYSTEM, Role
from mcrm.api.root import make_api
from mcrm.config import Mail
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.segments import Encoding, segments
from mcrm.inbox.models import Handover
from mcrm.invoices.service import issue
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.placing import Wanted, place
from mcrm.products.models import Product
from mcrm.products.searching import search_text
from mcrm.settings_store import service as settings_store
from tests import cast, doors
from tests.bots.conftest import SETTINGS, Phones, Replies
from tests.tills import SELLER

FOLDER = Path(__file__).parents[1] / "dialogues"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.toml"))
assert SETTINGS.telegram is not None
NAMED = replace(
    SETTINGS,
    telegram=replace(SETTINGS.telegram, bot_username="harbour_and_pine_bot"),
    mail=Mail("localhost", 25, is_tls=False, user=None, password=None, sender="shop@harbourandpine.example"),
)
BEN, AISHA = "+447700900201", "+447700900202"
OLD_CHOICE = "pick:0123456789ab"
KEPT_BY_PROCESS = (catalogue, features, flowfiles, intents, model)


@cache
def script_of(name: str) -> dict[str, Any]:
    """A script as it is written."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


class SignedIn:
    """A sign-in whose access token is always a fresh one, however late it is in the story."""

    def __init__(self, session: Session, role: Role, *, user: User | None = None, contact: Contact | None = None):
        whose: dict[str, Any] = {"user": user, "contact_id": contact.id if contact else None}
        pair = sessions.open_session(session, NAMED, SYSTEM, device=Device("pixel-7"), **whose)
        holder = user or contact
        assert holder is not None
        self.claims = Claims(holder.id, role.value, UUID(pair.refresh_token.partition(".")[0]))

    @property
    def headers(self) -> dict[str, str]:
        """What a request of theirs carries now."""
        token = tokens.issue(self.claims, issuer=NAMED.public_url, lifetime=timedelta(minutes=15))
        return {"Authorization": f"Bearer {token}"}


@dataclass
class Stage:
    """Where one script is played: `copies` of every message arrive; `restarts`: a new process takes in each turn."""

    session: Session
    script: dict[str, Any]
    copies: int = 1
    restarts: bool = False
    replies: Replies = field(init=False)
    phones: Phones = field(init=False)
    app: Flask = field(init=False)
    turns: int = 0

    def __post_init__(self) -> None:
        """Set the scene: people, orders, opening hours, who is at the desk."""
        self.app = doors.make_app(NAMED)
        self.phones, self.replies = Phones(NAMED), Replies(self.session)
        self.ben = arrange(self.session, self.script)
        signed_in = clock.now() - timedelta(minutes=self.script.get("signed_in_minutes", 10))
        with clock.stopped(signed_in):
            self.ben_in_the_app = SignedIn(self.session, Role.CUSTOMER, contact=self.ben)
        kofi = cast.a_user(self.session, "Kofi Mensah", "agent")
        self.kofi = SignedIn(self.session, Role.AGENT, user=kofi)
        settings_store.forget()
        for name, value in self.script.get("settings", {}).items():
            settings_store.put(self.session, SYSTEM, name, value)
        self.session.commit()
        if self.script.get("desk"):
            self._as_kofi("PUT", "/v1/inbox/presence", {"is_present": True})
        self.session.expire_all()

    def play(self, turn: dict[str, Any], channel: str) -> None:
        """Take one turn on a channel, and look at what was said there."""
        turn = turn | turn.get(channel, {})
        if channel not in turn.get("on", (channel,)):
            return
        if self.restarts:
            self._restart(channel)
        address = turn.get("address", self.address(channel))
        if "desk" in turn:
            self._desk(turn["desk"])
        else:
            self.turns += 1
            self.phones.copies = turn.get("copies", self.copies)
            self._say(turn, channel, address)
        self.session.expire_all()
        check(turn, self.replies.fresh(address), channel)

    def address(self, channel: str) -> str:
        """Where Ben is on that channel."""
        return {"sms": BEN, "telegram": "700201", "app": str(self.ben.id)}[channel]

    def _say(self, turn: dict[str, Any], channel: str, address: str) -> None:
        buttons = self._buttons(address)
        if "old_pick" in turn:
            self._tap(channel, address, f"{OLD_CHOICE}:{turn['old_pick']}")
        elif "pick" in turn and buttons:
            self._tap(channel, address, buttons[turn["pick"] - 1].removeprefix("t:"))
        elif "tap" in turn:
            self._tap(channel, address, turn["tap"].removeprefix("t:"))
        elif "card" in turn:
            assert self.phones.chat(int(address), contact=turn["card"], **turn.get("more", {})) == 200
        else:
            self._write(channel, address, self._filled(turn.get("says", str(turn.get("pick")))), turn.get("more", {}))

    def _write(self, channel: str, address: str, words: str, more: dict[str, str]) -> None:
        if channel == "app":
            return self._in_the_app({"text": words})
        sent = self.phones.text(address, words, **more) if channel == "sms" else self.phones.chat(int(address), words)
        assert sent == 200
        return None

    def _tap(self, channel: str, address: str, value: str) -> None:
        if channel == "app":
            return self._in_the_app({"choice": value})
        assert self.phones.chat(int(address), tap=f"t:{value}") == 200
        return None

    def _in_the_app(self, said: dict[str, str]) -> None:
        """Through the real endpoint; what is answered there is what the outbox holds, however often it comes."""
        body = {"client_id": f"m-{next(self.phones.numbers)}", **said}
        answers = []
        for _ in range(self.phones.copies):
            headers = self.ben_in_the_app.headers
            answer = self.app.test_client().post("/v1/me/conversation/messages", json=body, headers=headers)
            assert answer.status_code == 201, answer.text
            answers.append(answer.json)
        assert all(answer == answers[0] for answer in answers)
        assert len(answers[0]["answers"]) <= 1

    def _buttons(self, address: str) -> list[str]:
        last = self.replies.to(address)
        rows = last[-1].content.get("buttons", []) if last else []
        return [value for row in rows for _, value in row]

    def _desk(self, does: str) -> None:
        """`says …` answers the customer; anything else is what is done with the hand-over."""
        handover = self.session.scalars(select(Handover.id).order_by(Handover.id.desc())).first()
        path, body = f"/v1/inbox/handovers/{handover}/{does}", None
        if does.startswith("says "):
            path, body = f"/v1/inbox/handovers/{handover}/messages", {"text": does.removeprefix("says ")}
        self._as_kofi("POST", path, body)

    def _as_kofi(self, method: str, path: str, body: dict[str, Any] | None) -> None:
        client = doors.make_app(NAMED).test_client()
        answer = client.open(path, method=method, json=body or {}, headers=self.kofi.headers)
        assert answer.status_code < 300, answer.text

    def _restart(self, channel: str) -> None:
        """A process started anew: nothing is kept but in the database; the providers count on."""
        for module in KEPT_BY_PROCESS:
            for made in vars(module).values():
                if callable(forget := getattr(made, "cache_clear", None)):
                    forget()
        settings_store.forget()
        numbers, self.phones = self.phones.numbers, Phones(NAMED)
        self.phones.numbers = numbers
        if channel != "app":
            return
        self.app = Flask("mcrm", static_folder=None)
        self.app.config["SETTINGS"] = NAMED
        api = make_api(self.app, NAMED, authenticate=partial(login.authenticate, NAMED))
        api.register_blueprint(chat.blueprint)
        api.seal()

    def _filled(self, words: str) -> str:
        """`{code}` is the one that was sent last, `{token}` that of the last link to another chat."""
        for name, kind, pattern in (("{code}", "code", r"\d{6}"), ("{token}", "chat-link", r"start=([\w-]+)")):
            if name in words:
                query = select(Delivery.text).where(Delivery.kind == kind).order_by(Delivery.id.desc()).limit(1)
                [found] = re.findall(pattern, self.session.scalars(query).one())
                words = words.replace(name, found)
        return words


def beginning(script: dict[str, Any]) -> datetime:
    """When the story begins: a day and time where that matters, else now."""
    return datetime.fromisoformat(script["begins"]).replace(tzinfo=UTC) if "begins" in script else clock.now()


def check(turn: dict[str, Any], said: list[Delivery], channel: str) -> None:
    """At most one answer; with the words expected, and in two cheap segments where they cost."""
    answers = [delivery.text for delivery in said if delivery.kind != "code"]
    if not turn.get("expect"):
        assert answers == []
        return
    assert len(answers) == 1, answers
    assert re.search(turn["expect"], answers[0], re.DOTALL), answers[0]
    if channel == "sms":
        encoding, parts = segments(answers[0])
        assert (encoding, parts <= turn.get("segments", 2)) == (Encoding.GSM7, True)


def arrange(session: Session, script: dict[str, Any]) -> Contact:
    """Ben and Aisha, what they bought, and what there is to buy."""
    ben = cast.a_customer(session, "Ben Okafor", phone=BEN, telegram=700201 if script.get("telegram", True) else None)
    ben.locale = script.get("locale")
    aisha = cast.a_customer(session, "Aisha Khan", phone=AISHA)
    for number, status in script.get("orders", {}).items():
        cast.an_order(session, ben, number, status)
    for number, status in script.get("others_orders", {}).items():
        cast.an_order(session, aisha, number, status)
    coffee = cast.a_product(session, stock=20)
    mug = cast.a_product(session, "MUG-1", "Harbour mug", price=1200, stock=20)
    for category, names in script.get("catalogue", {}).items():
        for name in names:
            cast.a_product(session, name.upper().replace(" ", "-"), name, price=800, stock=20).category = category
    for product in session.scalars(select(Product)):
        product.search_text = search_text(product.name, product.category)
        product.is_active = "catalogue" not in script or product.category in script["catalogue"]
    for made in script.get("order", []):
        _placed(session, ben, {"coffee": coffee, "mug": mug}, made)
    for order in session.scalars(select(Order)):
        order.number_key = order.number.upper().replace("-", "")
    session.commit()
    return ben


def _placed(session: Session, ben: Contact, products: dict[str, Product], made: dict[str, Any]) -> None:
    wanted = [Wanted(products[name].id, quantity) for name, quantity in made.get("lines", {}).items()]
    if "all" in made:
        on_sale = session.scalars(select(Product).where(Product.is_active).order_by(Product.name))
        wanted = [Wanted(product.id, made["all"]) for product in on_sale]
    order = place(session, SYSTEM, contact_id=ben.id, lines=wanted)
    session.refresh(order)
    order.number, order.status = made["number"], made["status"]
    if made["status"] in ("shipped", "delivered"):
        for line in session.scalars(select(OrderLine).where(OrderLine.order_id == order.id)):
            line.shipped_quantity = line.quantity
    session.flush()
    if made.get("invoiced"):
        issue(session, SYSTEM, order_id=order.id, seller=SELLER)


def failing(*unused: Any) -> Any:
    """A step of the dialogue that nobody foresaw."""
    raise ZeroDivisionError
