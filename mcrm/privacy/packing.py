"""Puts a copy together: a ZIP with one JSON file per kind of data, the invoices as PDF, and an index to read.

Everything is read in one snapshot and written row by row, so that the memory does not grow with what is held.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Column, Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.invoices import service as invoices
from mcrm.invoices.models import Invoice
from mcrm.privacy import page
from mcrm.privacy.finding import of_person
from mcrm.privacy.holding import Holding
from mcrm.privacy.holdings import BY_TABLE, HOLDINGS
from mcrm.privacy.persons import Person

ROWS_AT_ONCE = 500
SHOWN = 200  # rows that the index shows of each kind; the files hold all of them
LOG = BY_TABLE["interactions"]
TOLD = (*(holding for holding in reversed(HOLDINGS) if holding.told and holding is not LOG), LOG)
"""What copies show: the person first, the log, which repeats much of it, at the end."""


def pack(file: IO[bytes], session: Session, person: Person, *, business: str) -> None:
    """Write the ZIP into `file`, and go back to its beginning."""
    chapters = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for holding in TOLD:
            count, first = _write(archive, session, holding, person)
            if count:
                chapters.append(page.Chapter(holding.title, f"{holding.table}.json", count, first))
        documents = _write_documents(archive, session, person)
        index = page.index(business, clock.now(), chapters, documents, _untold())
        archive.writestr("index.html", index)
    file.seek(0)


def _untold() -> list[tuple[str, str]]:
    return [(holding.title, holding.untold) for holding in HOLDINGS if holding.untold]


def _write(
    archive: zipfile.ZipFile, session: Session, holding: Holding, person: Person
) -> tuple[int, list[dict[str, Any]]]:
    """One file; how many rows it has, and the first ones. No file where there is nothing."""
    rows = _rows(session, holding, person)
    first: list[dict[str, Any]] = []
    count = 0
    started = next(rows, None)
    if started is None:
        return 0, first
    with archive.open(f"{holding.table}.json", "w") as member:
        row: dict[str, Any] | None = started
        while row is not None:
            member.write((b"[\n" if not count else b",\n") + json.dumps(row, ensure_ascii=False).encode())
            count += 1
            if count <= SHOWN:
                first.append(row)
            row = next(rows, None)
        member.write(b"\n]\n")
    return count, first


def _rows(session: Session, holding: Holding, person: Person) -> Iterator[dict[str, Any]]:
    query = _told(holding).where(of_person(holding, person, surely=True)).order_by(*holding.rows.primary_key)
    for row in session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)).mappings():
        yield {name: _plain(name, value) for name, value in _said(holding, {**row}).items()}


def _told(holding: Holding) -> Select[Any]:
    """The columns that are shown; where an id stands for a row with a name, the name."""
    table = holding.rows
    query: Select[Any] = select()
    for name in holding.told:
        column: Column[Any] = table.c[name]
        if name not in holding.names:
            query = query.add_columns(column)
            continue
        above, shown = holding.names[name]
        other = table.metadata.tables[above].alias()
        named = select(other.c[shown]).where(other.c.id == column).correlate(table).scalar_subquery()
        query = query.add_columns(named.label(name.removesuffix("_id")))
    if "content" in table.c:
        query = query.add_columns(table.c.content)
    return query.select_from(table)


def _said(holding: Holding, shown: dict[Any, Any]) -> dict[str, Any]:
    """A message that is a key to something (a code, a link) tells when it was sent, not what it said."""
    if holding is BY_TABLE["deliveries"] and shown.pop("content").get("secret"):
        shown["text"] = None
    return shown


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if name == "payload" and isinstance(value, str):
        return json.loads(value) if value else {}  # an erased one is empty
    return value


def _write_documents(archive: zipfile.ZipFile, session: Session, person: Person) -> list[str]:
    """The invoices and credit notes as they were sent; the names of the files."""
    found = session.scalars(select(Invoice).where(of_person(BY_TABLE["invoices"], person)).order_by(Invoice.id)).all()
    if found:
        from mcrm.invoices.document import render  # late: it brings a quarter of a second and 15 MB
    names = []
    for invoice in found:
        names.append(f"invoices/{invoice.number.replace('/', '-')}.pdf")
        archive.writestr(names[-1], render(invoice, invoices.lines_of(session, invoice.id)))
    return names
