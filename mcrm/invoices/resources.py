"""Invoices and credit notes over HTTP, as JSON and as PDF."""

from typing import Any
from uuid import UUID

from flask import Response, current_app
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of, whole, whole_of
from mcrm.api.rows import compile_rows
from mcrm.config import Settings
from mcrm.db import reading
from mcrm.invoices import crediting, service
from mcrm.invoices.crediting import Pieces
from mcrm.invoices.models import Invoice
from mcrm.invoices.schemas import (
    FullInvoiceSchema,
    InvoiceQuery,
    InvoiceSchema,
    NewCreditNoteSchema,
    OwnInvoiceQuery,
)
from mcrm.invoices.service import Seller
from mcrm.orders import service as orders
from mcrm.orders.numbers import spellings
from mcrm.orders.schemas import NothingSchema
from mcrm.transaction import perform

blueprint = Blueprint("invoices", __name__, url_prefix="/v1", area=Area.BOOKS, description="Invoices and credit notes.")
own = Blueprint("own-invoices", __name__, url_prefix="/v1/me/invoices", description="What customers were invoiced.")
KEEPERS = {Role.ADMIN, Role.MANAGER}
TABLE = Invoice.__table__
ROWS = compile_rows(InvoiceSchema(), TABLE)
COLUMNS = select(*ROWS.columns).join(orders.TABLE, orders.TABLE.c.id == TABLE.c.order_id)
NEWEST_FIRST = [TABLE.c.id.desc()]
PLAIN = ("kind", "order_id", "credits_id")
HEAD = tuple(name for name in FullInvoiceSchema().fields if name != "lines")


def seller() -> Seller:
    """The business as the settings describe it now."""
    settings: Settings = current_app.config["SETTINGS"]
    return Seller(
        name=settings.business_name,
        address=settings.business_address,
        tax_number=settings.business_tax_number,
        zone=settings.timezone,
    )


def full(session: Session, invoice: Invoice) -> dict[str, Any]:
    """A document with its lines, as the wire shows it."""
    shown: dict[str, Any] = {name: getattr(invoice, name) for name in HEAD}
    return shown | {"lines": service.lines_of(session, invoice.id)}


def listed(query: dict[str, Any]) -> Response:
    """A page of the documents that the caller sees, newest first, by the fast road."""
    found = orders.within_reach(COLUMNS, current_actor)
    for name in PLAIN:
        if (wanted := query.pop(name, None)) is not None:
            found = found.where(TABLE.c[name] == getattr(wanted, "value", wanted))
    if (number := query.pop("number")) is not None:
        found = found.where(TABLE.c.number.in_(spellings(number)))
    if (words := query.pop("q", None)) is not None:
        found = found.where(TABLE.c.id.in_(service.found_by(words)))
    if (contact_id := query.pop("contact_id", None)) is not None:
        found = found.where(orders.TABLE.c.contact_id == contact_id)
    if (since := query.pop("since")) is not None:
        found = found.where(TABLE.c.issued_on >= since)
    if (until := query.pop("until")) is not None:
        found = found.where(TABLE.c.issued_on <= until)
    return ROWS.listed(found, NEWEST_FIRST, **query)


def as_pdf(invoice_id: UUID) -> Response:
    """A document as PDF: the same bytes whenever it is asked for."""
    from mcrm.invoices.document import render  # late: it brings a quarter of a second and 15 MB

    with reading() as session:
        invoice = service.reachable(session, current_actor, invoice_id)
        lines = service.lines_of(session, invoice.id)
    headers = {"Content-Disposition": f'attachment; filename="{invoice.number}.pdf"'}
    return Response(render(invoice, lines), mimetype="application/pdf", headers=headers)


@blueprint.route("/orders/<uuid:id>/invoices", roles=STAFF)
class InvoicesOfOrder(MethodView):
    """What an order was invoiced with."""

    @blueprint.response(200, whole_of(InvoiceSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List an order's invoices and credit notes."""
        with reading() as session:
            order = orders.reachable(session, current_actor, id)
            found = select(Invoice).where(Invoice.order_id == order.id).order_by(Invoice.id)
            return whole(session.scalars(found).all())

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullInvoiceSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Invoice an order as it stands, once; a credit order gets a credit note."""
        issuer = seller()

        def work(session: Session) -> dict[str, Any]:
            return full(session, service.issue(session, current_actor, order_id=id, seller=issuer))

        return perform(work)


@blueprint.route("/invoices", roles=STAFF)
class Invoices(MethodView):
    """All of them."""

    @blueprint.arguments(InvoiceQuery(), location="query")
    @blueprint.response(200, page_of(InvoiceSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the invoices and credit notes you see, newest first."""
        return listed(query)


@blueprint.route("/invoices/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneInvoice(MethodView):
    """One of them."""

    @blueprint.response(200, FullInvoiceSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One invoice or credit note with its lines."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))


@blueprint.route("/invoices/<uuid:id>/pdf", roles=STAFF)
class InvoicePdf(MethodView):
    """One of them, on paper."""

    @blueprint.file("application/pdf", "The document on A4")
    def get(self, id: UUID) -> Response:
        """One invoice or credit note as PDF."""
        return as_pdf(id)


@blueprint.route("/invoices/<uuid:id>/credit-notes", roles=KEEPERS)
class CreditNotes(MethodView):
    """What is taken off an invoice."""

    @blueprint.arguments(NewCreditNoteSchema())
    @blueprint.response(201, FullInvoiceSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Credit pieces of an invoice's lines, an amount, or all that is left of it."""
        issuer, lines = seller(), [Pieces(**piece) for piece in facts.pop("lines")]

        def work(session: Session) -> dict[str, Any]:
            note = crediting.credit(session, current_actor, invoice_id=id, seller=issuer, lines=lines, **facts)
            return full(session, note)

        return perform(work)


@own.route("", roles={Role.CUSTOMER})
class OwnInvoices(MethodView):
    """One's own."""

    @own.arguments(OwnInvoiceQuery(), location="query")
    @own.response(200, page_of(InvoiceSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List your invoices and credit notes, newest first."""
        return listed(query)


@own.route("/<uuid:id>", roles={Role.CUSTOMER})
@own.etag
class OwnInvoice(MethodView):
    """One of one's own."""

    @own.response(200, FullInvoiceSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One of your invoices or credit notes with its lines."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))


@own.route("/<uuid:id>/pdf", roles={Role.CUSTOMER})
class OwnInvoicePdf(MethodView):
    """One of one's own, on paper."""

    @own.file("application/pdf", "The document on A4")
    def get(self, id: UUID) -> Response:
        """One of your invoices or credit notes as PDF."""
        return as_pdf(id)
