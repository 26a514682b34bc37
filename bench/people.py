"""Finding people among a hundred thousand: what an agent waits for while a customer is on the phone."""

import random
import time
from collections.abc import Iterator
from typing import Any

from bench.report import Figure, percentile
from bench.stores import store
from mcrm import clock
from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Role
from mcrm.api.ratelimit import Rate
from mcrm.api.state import EXTENSION
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import current
from mcrm.ids import new_id
from mcrm.inserting import insert_many
from mcrm.lookup.keeping import index_rows
from mcrm.transaction import transaction
from tests import doors
from tests.callers import Caller, as_staff
from tests.cast import a_territory

PEOPLE, PAGE, ROUNDS = 100_000, 2000, 200
FIRST = "Ada Aisha Ben Dorcas Elif Femi Grace Hana Ivan Jonas Kofi Lena Mei Noor Olu Priya Rosa Sam Tom Zoë".split()  # noqa: SIM905
STEMS = "Abr Bel Car Dun Ek Fal Gar Hol Iv Jar Kel Lam Mor Nak Oka Pet Quin Ros Sand Tor Und Var Wat Yar Zim".split()  # noqa: SIM905
ENDS = "ahams berg cott den ere field gate hurst ing jee kowski lin man nor okafor per ridge son ton well".split()  # noqa: SIM905


def measure() -> Iterator[Figure]:
    """`GET /v1/contacts?q=` by name, two words, number and phone, for staff who see all and for a rep; duplicates."""
    for name in ("sqlite", "postgresql"):
        with store(name):
            chance = random.Random(7)
            rate, territories = fill(chance)
            yield Figure(f"people with keys stored, {name}", f"{rate:,.0f}/s")
            yield from searches(name, chance, territories)


def fill(chance: random.Random) -> tuple[float, list[Any]]:
    """A hundred thousand private persons with a number and a phone, over four territories; rows a second."""
    with transaction() as session:
        territories = [a_territory(session, f"Territory {n}") for n in range(4)]
    began = time.perf_counter()
    for start in range(0, PEOPLE, PAGE):
        accounts, contacts, points = [], [], []
        for n in range(start, start + PAGE):
            name = f"{chance.choice(FIRST)} {chance.choice(STEMS)}{chance.choice(ENDS)}{chance.choice(ENDS)}"
            account = row(name=name, kind=AccountKind.PERSON.value, territory_id=territories[n % 4].id, custom={})
            contact = row(name=name, number=f"C-{n}", account_id=account["id"], custom={})
            accounts.append(account)
            contacts.append(contact)
            points.append(
                row(channel="sms", address=f"+4477{n * 7919 % 10**8:08}", contact_id=contact["id"], state="active")
            )
        _store((Account, accounts), (Contact, contacts), (ContactPoint, points))
    rate = PEOPLE / (time.perf_counter() - began)
    if not current().is_sqlite:  # as autovacuum would have done by now; nobody does it on SQLite
        with transaction() as session:
            session.connection().exec_driver_sql("ANALYZE")
    return rate, territories


def _store(*tables: tuple[type[Any], list[dict[str, Any]]]) -> None:
    """Rows with their keys and without the log, and on PostgreSQL unchecked: it is the finding that is measured."""
    with transaction() as session:
        if not current().is_sqlite:
            session.connection().exec_driver_sql("SET LOCAL session_replication_role = replica")
        for model, rows in tables:
            insert_many(session.connection(), model.__table__, rows)
            index_rows(session, model, rows)


def row(**facts: Any) -> dict[str, Any]:
    """The columns of a new row of a synced table."""
    now = clock.now()
    return {"id": new_id(), "rev": 1, "created_at": now, "updated_at": now, **facts}


def searches(name: str, chance: random.Random, territories: list[Any]) -> Iterator[Figure]:
    """Each kind of question, asked two hundred times."""
    app = doors.make_app()
    app.extensions[EXTENSION].by_actor.rate = Rate(per_second=10**6, burst=10**6)
    questions = {
        "nothing, the plain list": lambda: None,
        "the first letters of a name": lambda: f"{chance.choice(STEMS)}{chance.choice(ENDS)[:2]}",
        "two letters": lambda: chance.choice(FIRST)[:2],
        "first and last name": lambda: f"{chance.choice(FIRST)} {chance.choice(STEMS)}{chance.choice(ENDS)}",
        "a customer number": lambda: f"c-{chance.randrange(PEOPLE)}",
        "a phone number": lambda: f"077{chance.randrange(PEOPLE) * 7919 % 10**8:08}",
        "a phone's last four digits": lambda: f"{chance.randrange(10**4):04}",
    }
    with app.test_client() as client:
        for who, caller in (
            ("all", as_staff(client, Role.AGENT)),
            ("a rep", as_staff(client, Role.REP, territories[:1])),
        ):
            for what, question in questions.items():
                p95, cpu = spent_ms(caller, "/v1/contacts", lambda question=question: asking(question()))
                figure = Figure(f"q= {what} for {who}, {name}", f"p95 {p95:.1f} ms, {cpu:.1f} ms of our CPU")
                yield figure.at_most(p95, 50, "ms") if what != "two letters" else figure  # a twentieth of all people
        p95, cpu = spent_ms(as_staff(client, Role.ADMIN), "/v1/duplicates", dict, rounds=10)
        words = f"p95 {p95:.0f} ms, {cpu:.0f} ms of our CPU"
        yield Figure(f"a page of duplicates (1,000 people looked at), {name}", words)


def asking(words: str | None) -> dict[str, Any]:
    """The query of a list of twenty."""
    return {"limit": 20} if words is None else {"limit": 20, "q": words}


def spent_ms(caller: Caller, path: str, query: Any, rounds: int = ROUNDS) -> tuple[float, float]:
    """Milliseconds from the question to the whole answer, in the process, without the server in front.

    The 95th percentile by the clock, and the median of this process's processor time, in which SQLite's is.
    """
    spent, used = [], []
    for _ in range(rounds):
        asked = query()
        began, cpu = time.perf_counter(), time.process_time()
        answer = caller.get(path, **asked)
        spent.append((time.perf_counter() - began) * 1000)
        used.append((time.process_time() - cpu) * 1000)
        assert answer.status_code == 200, answer.text
    return percentile(spent, 0.95), percentile(used, 0.5)
