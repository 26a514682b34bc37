"""What becomes of a file of contacts."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import Actor, Channel, Role, Scope
from mcrm.bulk import people
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import Database
from mcrm.interactions.models import Interaction, LogHead
from tests.bulk.files import CONTACTS, brought, exported, run, uploaded, verdicts
from tests.cast import a_customer, a_territory


def counts(session: Session) -> dict[str, int]:
    session.expire_all()
    tables = {"accounts": Account, "contacts": Contact, "points": ContactPoint}
    return {name: session.scalar(select(func.count()).select_from(model)) or 0 for name, model in tables.items()}


def test_contacts_arrive_with_their_company_and_addresses(database: Database, session: Session, tmp_path: Path) -> None:
    job = brought(tmp_path, CONTACTS, "contacts")
    assert (job.state, job.done, job.rows, job.counts) == ("finished", 3, 3, {"created": 3})
    assert counts(session) == {"accounts": 2, "contacts": 3, "points": 6}
    rosa, tom, mei = session.scalars(select(Contact).order_by(Contact.number))
    assert (rosa.name, rosa.account_id) == ("Rosa Bianchi", mei.account_id)
    accounts = {one.id: (one.kind, one.name, one.country) for one in session.scalars(select(Account))}
    assert accounts[rosa.account_id] == ("company", "The Ferry Café", "GB")
    assert accounts[tom.account_id] == ("person", "Tom Reilly", "GB")
    addresses = select(ContactPoint.address).order_by(ContactPoint.address)
    assert set(session.scalars(addresses)) == {
        "+447700900203",
        "+447700900204",
        "+447700900205",
        "+447700900208",
        "mei@example.com",
        "rosa@example.com",
    }


def test_every_new_contact_leaves_its_traces(database: Database, session: Session, tmp_path: Path) -> None:
    brought(tmp_path, CONTACTS, "contacts")
    kinds = list(session.scalars(select(Interaction.kind)))
    assert kinds.count("contact.created") == 3
    assert kinds.count("contact-point.added") == 6
    assert {"import.uploaded", "import.started", "import.finished", "account.created"} < set(kinds)


def test_a_dry_run_reports_the_same_and_changes_nothing(database: Database, session: Session, tmp_path: Path) -> None:
    a_customer(session, "Tom Reilly", phone="+447700900203")
    session.commit()
    import_id = uploaded(tmp_path, CONTACTS + "K4,Nobody,123,,,GB\n", "contacts")
    before = counts(session)
    head = session.scalar(select(LogHead.position))
    tried = run(import_id, dry_run=True)
    told = verdicts(session, tried)
    assert counts(session) == before
    kinds = list(session.scalars(select(Interaction.kind).where(Interaction.position > head)))
    assert kinds == ["import.started", "import.finished"]
    assert verdicts(session, run(import_id)) == told
    assert counts(session) != before


def test_a_second_run_of_the_same_file_changes_nothing(database: Database, session: Session, tmp_path: Path) -> None:
    brought(tmp_path, CONTACTS, "contacts")
    revs = list(session.execute(select(Contact.id, Contact.rev).order_by(Contact.id)))
    assert brought(tmp_path, CONTACTS, "contacts").counts == {"unchanged": 3}
    session.expire_all()
    assert list(session.execute(select(Contact.id, Contact.rev).order_by(Contact.id))) == revs


def test_only_what_differs_is_changed_and_an_empty_cell_says_nothing(
    database: Database, session: Session, tmp_path: Path
) -> None:
    brought(tmp_path, CONTACTS, "contacts")
    job = brought(tmp_path, "number,name,notes,email\nK2,Thomas Reilly,,tom@example.com\n", "contacts")
    assert job.counts == {"updated": 1}
    tom = session.scalars(select(Contact).where(Contact.number == "K2")).one()
    assert (tom.name, tom.notes) == ("Thomas Reilly", None)
    assert session.get_one(Account, tom.account_id).name == "Thomas Reilly"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("create", {"skipped": 3, "created": 1}),
        ("update", {"unchanged": 3, "skipped": 1}),
        ("upsert", {"unchanged": 3, "created": 1}),
    ],
)
def test_the_mode_says_what_may_happen_to_a_row(
    database: Database, session: Session, tmp_path: Path, mode: str, expected: dict[str, int]
) -> None:
    brought(tmp_path, CONTACTS, "contacts")
    assert brought(tmp_path, CONTACTS + "K9,Ben Okafor,07700 900201,,,GB\n", "contacts", mode=mode).counts == expected


DIRT = """\
number,name,phone,email,locale,timezone,custom,territory
D1,,,,,,,
D2,Two,no number,,,,,
D3,Three,,not a mail,,,,
D4,Four,,,klingon!,,,
D5,Five,,,,Mars/Olympus,,
D6,Six,,,,,not json,
D7,Seven,,,,,,Atlantis
D8,Eight,+447700900201,,,,,
D9,Nine,+447700900209,,,,,
d10,Ten,+447700900209,,,,,
D11,Eleven
D12,"=HYPERLINK(""http://evil.example"")",,,,,,
"""


def test_every_row_that_cannot_be_says_why_and_costs_the_others_nothing(
    database: Database, session: Session, tmp_path: Path
) -> None:
    ben = a_customer(session, phone="+447700900201")
    ben.number = "B1"
    session.commit()
    job = brought(tmp_path, DIRT, "contacts", match="number")
    assert verdicts(session, job) == [
        (2, "rejected", "import.missing", "name"),
        (3, "rejected", "contact-point.invalid-address", "phone"),
        (4, "rejected", "import.pattern", "email"),
        (5, "rejected", "import.locale", "locale"),
        (6, "rejected", "import.timezone", "timezone"),
        (7, "rejected", "import.invalid", "custom"),
        (8, "rejected", "territory.unknown", "territory"),
        (9, "rejected", "contact-point.taken", "phone"),
        (10, "created", "", ""),
        (11, "rejected", "import.repeated-row", ""),
        (12, "rejected", "import.bad-row", ""),
        (13, "created", "", ""),
    ]


def test_a_number_that_wrote_before_anybody_knew_whose_it_is_joins_its_contact(
    database: Database, session: Session, tmp_path: Path
) -> None:
    session.add(ContactPoint(channel="sms", address="+447700900205"))
    session.commit()
    assert brought(tmp_path, CONTACTS, "contacts").counts == {"created": 3}
    session.expire_all()
    point = session.scalars(select(ContactPoint).where(ContactPoint.address == "+447700900205")).one()
    assert session.get_one(Contact, point.contact_id).name == "Rosa Bianchi"


def a_rep(*territories: Any) -> Actor:
    return Actor(
        role=Role.REP,
        channel=Channel.API,
        scope=Scope.TERRITORY,
        territory_ids=frozenset(one.id for one in territories),
    )


def test_an_export_holds_only_what_its_reader_sees(database: Database, session: Session) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    a_customer(session, "Ben Okafor", territory_id=west.id)
    a_customer(session, "Aisha Khan", territory_id=east.id)
    session.commit()
    told = exported("contacts", a_rep(west))
    assert "Ben Okafor" in told
    assert "Aisha Khan" not in told


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_files_are_read_whatever_their_encoding_and_separator(
    database: Database, session: Session, tmp_path: Path, encoding: str, mark: str
) -> None:
    words = CONTACTS.replace("; 07700 900208", "").replace(",", mark).encode(encoding)
    assert brought(tmp_path, words, "contacts").counts == {"created": 3}
    assert "The Ferry Café" in set(session.scalars(select(Account.name)))


def test_somebody_who_was_quicker_costs_one_row_and_not_its_window(
    database: Database, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_customer(session, "Tom Reilly").number = "K2"
    a_customer(session, "Mei Lin", phone="+447700900208")
    session.commit()
    looked_up = people._Window.__init__

    def a_moment_earlier(self: Any, *facts: Any) -> None:
        looked_up(self, *facts)
        self.by_number, self.points = {}, {}

    monkeypatch.setattr(people._Window, "__init__", a_moment_earlier)
    job = brought(tmp_path, CONTACTS, "contacts")
    assert [one[1:3] for one in verdicts(session, job)] == [
        ("created", ""),
        ("rejected", "contact.number-taken"),
        ("rejected", "contact-point.taken"),
    ]
