"""Files over HTTP: uploaded, looked at, run by the worker, reported, taken back."""

import io
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from openpyxl import Workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mcrm.access.models import User
from mcrm.actors import Role
from mcrm.bulk import workbooks
from mcrm.bulk.running import Runner
from mcrm.contacts.models import Contact
from tests.bulk.files import CONTACTS
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_territory

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def upload(caller: Caller, data: str | bytes, kind: str = "text/csv", **query: Any) -> TestResponse:
    asked = {"resource": "contacts", **query}
    return caller.client.post("/v1/imports", data=data, content_type=kind, query_string=asked, headers=caller.headers)


def work() -> None:
    runner = Runner()
    while runner.turn():
        pass
    runner.close()


def test_a_file_is_looked_at_tried_run_reported_and_taken_back(client: FlaskClient, session: Session) -> None:
    ada = as_staff(client, Role.ADMIN)
    made = upload(ada, CONTACTS, file_name="people.csv")
    assert made.status_code == 201
    assert made.json["mapping"] == {
        "Customer number": "number",
        "Name": "name",
        "Mobile": "phone",
        "E-mail": "email",
        "Company": "account",
        "Country": "country",
    }
    assert (made.json["state"], made.json["rows"], made.json["sample"][1][1]) == ("ready", 3, "Tom Reilly")
    path = f"/v1/imports/{made.json['id']}"

    assert ada.post(f"{path}/run", {"dry_run": True}).status_code == 202
    work()
    tried = ada.get(path).json
    assert (tried["state"], tried["dry_run"], tried["counts"]) == ("finished", True, {"created": 3})
    assert session.scalar(select(func.count()).select_from(Contact)) == 0

    assert ada.post(f"{path}/run", {"dry_run": False, "save_as": "The till"}).status_code == 202
    assert ada.post(f"{path}/run", {"dry_run": False}).json["code"] == "import.not-ready"
    work()
    assert ada.get(path).json["counts"] == {"created": 3}
    rows = ada.get(f"{path}/rows", outcome="created", limit=2).json
    assert [one["row"] for one in rows["items"]] == [2, 3]
    report = ada.get(f"{path}/report.csv")
    assert report.headers["Content-Disposition"].startswith("attachment")
    assert report.text.splitlines()[1].startswith("2,created,")
    assert ada.get("/v1/import-mappings").json["items"][0]["name"] == "The till"
    again = upload(ada, CONTACTS.replace("Mobile", "Tel no."), mapping_name="The till").json
    assert "Mobile" not in again["mapping"]

    assert ada.post(f"{path}/undo").status_code == 202
    work()
    session.expire_all()
    assert (ada.get(path).json["state"], session.scalar(select(func.count()).select_from(Contact))) == ("undone", 0)


def test_a_workbook_is_read_without_running_its_formulas(client: FlaskClient, session: Session) -> None:
    book = Workbook()
    sheet = book.active
    for row in (["number", "name", "notes"], [12583.0, "Rosa Bianchi", "=1+1"], [7, "Tom Reilly", True]):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    ada = as_staff(client, Role.ADMIN)
    made = upload(ada, out.getvalue(), XLSX).json
    ada.post(f"/v1/imports/{made['id']}/run", {"dry_run": False})
    work()
    found = session.execute(select(Contact.number, Contact.notes).order_by(Contact.number))
    assert [tuple(row) for row in found] == [("12583", None), ("7", "true")]


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>&lol2;</t></is></c></row></sheetData></worksheet>"""


def a_bomb() -> bytes:
    """A workbook whose sheet holds entities."""
    book, plain, out = Workbook(), io.BytesIO(), io.BytesIO()
    book.save(plain)
    with ZipFile(plain) as source, ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name, BOMB if name == "xl/worksheets/sheet1.xml" else source.read(name))
    return out.getvalue()


def test_what_is_no_file_of_rows_is_refused_with_a_reason(
    client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = as_staff(client, Role.ADMIN)
    cases: tuple[tuple[str | bytes, str], ...] = (
        (b"PK\x03\x04 not really", XLSX),
        (b"plain text", XLSX),
        (a_bomb(), XLSX),
        ("name,name\nx,y\n", "text/csv"),
        (",name\nx,y\n", "text/csv"),
        ("\n\n", "text/csv"),
        ("name\nBen\n".encode("utf-16"), "text/csv"),
        (b"name\nBe\0n\n", "text/csv"),
        ('name\n"' + "x" * 200_000 + '"\n', "text/csv"),
    )
    for data, kind in cases:
        answer = upload(ada, data, kind)
        assert (answer.status_code, answer.json["code"]) == (422, "import.unreadable-file"), data[:40]
    assert upload(ada, "", "text/csv").json["code"] == "body.empty"
    assert upload(ada, "{}", "application/json").status_code == 415
    assert upload(ada, "name\nx\n", resource="orders").status_code == 422
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 10)
    out = io.BytesIO()
    Workbook().save(out)
    assert upload(ada, out.getvalue(), XLSX).json["code"] == "import.unreadable-file"


def test_a_mapping_that_cannot_be_is_refused(client: FlaskClient, session: Session) -> None:
    ada = as_staff(client, Role.ADMIN)
    path = f"/v1/imports/{upload(ada, CONTACTS).json['id']}/run"
    for facts in (
        {"mapping": {"No such column": "name"}},
        {"mapping": {"Name": "no such field"}},
        {"mapping": {"Name": "name", "Company": "name"}},
        {"mapping": {"Mobile": "phone"}},
        {"mapping": {"Name": "name"}, "match": "number"},
        {"match": "code"},
    ):
        answer = ada.post(path, {"dry_run": True, **facts})
        assert (answer.status_code, answer.json["code"]) == (422, "import.invalid-mapping"), facts


def test_a_rep_brings_in_and_takes_out_only_what_lies_in_the_own_territory(
    client: FlaskClient, session: Session
) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202", territory_id=east.id)
    aisha.number = "E1"
    session.commit()
    sam, ada = as_staff(client, Role.REP, [west]), as_staff(client, Role.ADMIN)
    words = "number,name,phone\nE1,Taken over,\n,Stolen,+447700900202\nW1,Rosa Bianchi,\n"
    made = upload(sam, words).json
    path = f"/v1/imports/{made['id']}"
    sam.post(f"{path}/run", {"dry_run": False})
    work()
    rows = [(one["outcome"], one["code"]) for one in sam.get(f"{path}/rows").json["items"]]
    assert rows == [("rejected", "contact.number-taken"), ("rejected", "contact-point.taken"), ("created", "")]
    told = sam.get("/v1/exports/contacts.csv").text
    assert "Rosa Bianchi" in told
    assert "Aisha" not in told
    assert upload(sam, "code\nX\n", resource="products").status_code == 403
    assert as_staff(client, Role.REP, [east]).get(path).status_code == 404
    assert ada.get(path).status_code == 200
    assert as_customer(client, aisha).get("/v1/exports/contacts.csv").status_code == 403


def test_rights_that_were_taken_away_stop_the_run(client: FlaskClient, session: Session) -> None:
    manager = as_staff(client, Role.MANAGER)
    made = upload(manager, CONTACTS).json
    manager.post(f"/v1/imports/{made['id']}/run", {"dry_run": False})
    session.scalars(select(User)).one().is_active = False
    session.commit()
    work()
    ada = as_staff(client, Role.ADMIN)
    shown = ada.get(f"/v1/imports/{made['id']}").json
    assert (shown["state"], shown["done"]) == ("failed", 0)


def test_no_exported_cell_is_a_formula(client: FlaskClient, session: Session) -> None:
    for name in ("=HYPERLINK(1)", "+1", "-1", "@x", "\ttab"):
        a_customer(session, name)
    session.commit()
    told = as_staff(client, Role.ADMIN).get("/v1/exports/contacts.csv").text
    cells = [cell for line in told.splitlines()[1:] for cell in line.split(",") if cell]
    assert len(cells) == 5
    assert all(cell.lstrip('"').startswith("'") for cell in cells)


def test_what_came_in_is_found_like_everything_else(client: FlaskClient, session: Session) -> None:
    ada = as_staff(client, Role.ADMIN)
    made = upload(ada, CONTACTS).json
    ada.post(f"/v1/imports/{made['id']}/run", {"dry_run": False})
    work()
    for words in ("Rosa", "K1", "07700900205"):
        assert [one["name"] for one in ada.get("/v1/contacts", q=words).json["items"]] == ["Rosa Bianchi"], words
    assert [one["name"] for one in ada.get("/v1/accounts", q="Ferry").json["items"]] == ["The Ferry Café"]


def test_a_saved_mapping_is_replaced_by_its_owner_and_by_managers_alone(client: FlaskClient, session: Session) -> None:
    west = a_territory(session)
    session.commit()
    sam, lena = (as_staff(client, Role.REP, [west]) for _ in range(2))

    def saved(caller: Caller, mapping: dict[str, str]) -> tuple[int, str | None]:
        path = f"/v1/imports/{upload(caller, CONTACTS).json['id']}"
        answer = caller.post(f"{path}/run", {"dry_run": True, "mapping": mapping, "save_as": "The till"})
        return answer.status_code, answer.json.get("code")

    def standing() -> Any:
        [one] = sam.get("/v1/import-mappings").json["items"]
        return one["mapping"]

    mine, hers, noors = ({"Name": "name", "Mobile": "phone"}, {"Name": "name"}, {"Name": "name", "Mobile": "notes"})
    assert saved(sam, mine) == (202, None)
    assert saved(lena, hers) == (403, "import.mapping-of-somebody-else")
    assert standing() == mine
    assert saved(lena, mine) == (202, None), "which changes nothing"
    assert saved(sam, hers) == (202, None)
    assert standing() == hers
    assert saved(as_staff(client, Role.MANAGER), noors) == (202, None)
    assert standing() == noors
    assert saved(sam, mine) == (202, None), "it is still Sam's"
