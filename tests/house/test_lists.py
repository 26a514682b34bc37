"""Every list takes the fast road, from rows to JSON, and says member by member what the schema says of the same row."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import marshmallow as ma
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.access.models import User
from mcrm.access.schemas import UserSchema
from mcrm.accounts.models import Account
from mcrm.accounts.schemas import AccountSchema
from mcrm.actors import Role
from mcrm.api import fields
from mcrm.api.json import encode
from mcrm.audit.models import AuditEntry
from mcrm.audit.schemas import AuditEntrySchema
from mcrm.bulk.models import Import, ImportMapping, ImportRow
from mcrm.bulk.running import run_to_end
from mcrm.bulk.schemas import ImportMappingSchema, ImportRowSchema, ImportSchema
from mcrm.bulkchanges import service as changes
from mcrm.bulkchanges.models import BulkChange, BulkChangeRow
from mcrm.bulkchanges.schemas import BulkChangeRowSchema, BulkChangeSchema
from mcrm.cases.models import Case
from mcrm.cases.schemas import CaseSchema
from mcrm.contacts.models import Contact
from mcrm.contacts.schemas import ContactSchema
from mcrm.custom_fields.models import CustomFieldDefinition
from mcrm.custom_fields.schemas import CustomFieldSchema
from mcrm.db import Base, Row, Synced
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.schemas import DeliverySchema
from mcrm.ids import new_id
from mcrm.inbox.models import CannedReply, Handover
from mcrm.inbox.schemas import CannedReplySchema, HandoverSchema
from mcrm.integrations.models import IntegrationKey
from mcrm.integrations.schemas import IntegrationKeySchema
from mcrm.invoices.models import Invoice
from mcrm.invoices.schemas import InvoiceSchema
from mcrm.leads.models import Lead
from mcrm.leads.schemas import LeadSchema
from mcrm.leases.models import StockLease
from mcrm.leases.schemas import StockLeaseSchema
from mcrm.offers.models import Offer
from mcrm.offers.schemas import OfferSchema
from mcrm.opportunities.models import Opportunity, PipelineStage
from mcrm.opportunities.schemas import OpportunitySchema, PipelineStageSchema
from mcrm.orders.models import Order
from mcrm.orders.schemas import OrderSchema
from mcrm.payments.models import Payment
from mcrm.payments.schemas import PaymentSchema
from mcrm.privacy.models import Erasure
from mcrm.privacy.schemas import ErasureSchema
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.products.schemas import PriceListSchema, PriceSchema, ProductSchema
from mcrm.purchasing.schemas import PurchaseRequestSchema
from mcrm.quotes.models import Quote
from mcrm.quotes.schemas import QuoteSchema
from mcrm.returns.models import Return
from mcrm.returns.schemas import ReturnSchema
from mcrm.rounds.models import VisitCadence
from mcrm.rounds.schemas import CadenceSchema, PlannedVisitSchema
from mcrm.stock.models import PurchaseRequest, StockItem, StockLocation, StockMove
from mcrm.stock.schemas import StockItemSchema, StockLocationSchema, StockMoveSchema
from mcrm.sync.models import Conflict
from mcrm.sync.schemas import SyncConflictSchema
from mcrm.tags.models import Tag
from mcrm.tags.schemas import TagSchema
from mcrm.targets.models import Target
from mcrm.targets.schemas import TargetSchema
from mcrm.tasks.models import Task
from mcrm.tasks.schemas import TaskSchema
from mcrm.taxes.models import TaxRate
from mcrm.taxes.schemas import TaxRateSchema
from mcrm.templates.models import Template, TemplateVersion
from mcrm.templates.schemas import TemplateSchema, TemplateVersionSchema
from mcrm.territories.models import Territory
from mcrm.territories.schemas import TerritorySchema
from mcrm.transaction import perform
from mcrm.visits.models import PlannedVisit, Visit, VisitForm, VisitReport
from mcrm.visits.schemas import VisitFormSchema, VisitReportSchema, VisitSchema
from tests.bulk.files import CONTACTS
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_handover, a_product, a_territory, an_order
from tests.sync.conflicts import conflict_of

LISTS: dict[str, tuple[fields.Schema, type[Base]]] = {
    "/v1/users": (UserSchema(), User),
    "/v1/integration-keys": (IntegrationKeySchema(), IntegrationKey),
    "/v1/audit": (AuditEntrySchema(), AuditEntry),
    "/v1/territories": (TerritorySchema(), Territory),
    "/v1/accounts": (AccountSchema(), Account),
    "/v1/contacts": (ContactSchema(), Contact),
    "/v1/custom-fields": (CustomFieldSchema(), CustomFieldDefinition),
    "/v1/tags": (TagSchema(), Tag),
    "/v1/products": (ProductSchema(), Product),
    "/v1/price-lists": (PriceListSchema(), PriceList),
    "/v1/price-lists/{id}/prices": (PriceSchema(), PriceListItem),
    "/v1/tax-rates": (TaxRateSchema(), TaxRate),
    "/v1/stock-items": (StockItemSchema(), StockItem),
    "/v1/stock-moves": (StockMoveSchema(), StockMove),
    "/v1/stock-locations": (StockLocationSchema(), StockLocation),
    "/v1/stock-leases": (StockLeaseSchema(), StockLease),
    "/v1/purchase-requests": (PurchaseRequestSchema(), PurchaseRequest),
    "/v1/orders": (OrderSchema(), Order),
    "/v1/me/orders": (OrderSchema(), Order),
    "/v1/quotes": (QuoteSchema(), Quote),
    "/v1/me/quotes": (QuoteSchema(), Quote),
    "/v1/returns": (ReturnSchema(), Return),
    "/v1/leads": (LeadSchema(), Lead),
    "/v1/pipeline-stages": (PipelineStageSchema(), PipelineStage),
    "/v1/opportunities": (OpportunitySchema(), Opportunity),
    "/v1/targets": (TargetSchema(), Target),
    "/v1/me/returns": (ReturnSchema(), Return),
    "/v1/payments": (PaymentSchema(), Payment),
    "/v1/invoices": (InvoiceSchema(), Invoice),
    "/v1/me/invoices": (InvoiceSchema(), Invoice),
    "/v1/offers": (OfferSchema(), Offer),
    "/v1/imports": (ImportSchema(), Import),
    "/v1/imports/{id}/rows": (ImportRowSchema(), ImportRow),
    "/v1/import-mappings": (ImportMappingSchema(), ImportMapping),
    "/v1/bulk-changes": (BulkChangeSchema(), BulkChange),
    "/v1/bulk-changes/{id}/rows": (BulkChangeRowSchema(), BulkChangeRow),
    "/v1/sync/conflicts": (SyncConflictSchema(), Conflict),
    "/v1/deliveries": (DeliverySchema(), Delivery),
    "/v1/templates": (TemplateSchema(), Template),
    "/v1/templates/{id}/versions": (TemplateVersionSchema(), TemplateVersion),
    "/v1/tasks": (TaskSchema(), Task),
    "/v1/cases": (CaseSchema(), Case),
    "/v1/inbox/handovers": (HandoverSchema(), Handover),
    "/v1/canned-replies": (CannedReplySchema(), CannedReply),
    "/v1/erasures": (ErasureSchema(), Erasure),
    "/v1/visits": (VisitSchema(), Visit),
    "/v1/visit-forms": (VisitFormSchema(), VisitForm),
    "/v1/visit-reports": (VisitReportSchema(), VisitReport),
    "/v1/visit-cadences": (CadenceSchema(), VisitCadence),
    "/v1/planned-visits": (PlannedVisitSchema(), PlannedVisit),
}
"""Each list, with the schema and the table of its rows."""

PUT_TOGETHER = {
    "/v1/contacts/{id}/timeline": "a fact, what became of its message, and what the reader may know of it",
    "/v1/me/timeline": "the same, for the customer",
    "/v1/me/conversation/messages": "what a fact in the log says was said, and by whom",
    "/v1/me/catalogue": "a product, what a piece of it costs the customer, and whether any are left",
    "/v1/contacts/{id}/notes": "what a fact in the log says, of all contacts that are one person",
    "/v1/accounts/{id}/notes": "what a fact in the log says",
    "/v1/duplicates": "two contacts and how alike they are",
    "/v1/ledger/entries": "an entry and its postings",
    "/v1/unknown-messages": "a message, what the bots made of it, and what a person says it meant",
    "/v1/inbox/handovers/{id}/thread": "facts in the log, with the names of the staff",
}
"""Lists whose items are no row, and what they are instead."""


@pytest.fixture
def ada(client: FlaskClient, session: Session) -> Caller:
    """An admin of a shop in which there is something of everything."""
    west = a_territory(session)
    ben = a_customer(session, phone="+447700900201", territory_id=west.id)
    product = a_product(session, stock=5)
    orders = [an_order(session, ben), an_order(session, ben)]
    session.add(Offer(id=new_id(), title="Two for one", body="On Fridays."))
    session.add_all(money_for(orders[0]))
    item = session.query(StockItem).one()
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    written = [ada.put(f"/v1/contacts/{ben.id}/tags/roaster")]
    written += [ada.post(f"/v1/orders/{order.id}/shipments", {"carrier": "Royal Mail"}) for order in orders]
    written += [ada.post(path, body) for path, body in bodies(str(ben.id), str(product.id), str(item.id)).items()]
    written += [ada.post(path, body) for path, body in field_bodies(str(ben.account_id), str(west.id)).items()]
    assert [answer.status_code for answer in written] == [200] + [201] * (len(written) - 1)
    in_bulk(ada)
    in_the_field(ada, str(ben.account_id))
    a_handover(session, ben)
    session.add(conflict_of(session.query(User).one().id, ben.id))
    session.commit()
    return ada


def in_the_field(ada: Caller, account_id: str) -> None:
    """A visit with a report, one that is planned, and something to do."""
    where = {"account_id": account_id}
    question = {"key": "facings", "label": "Facings", "type": "number"}
    form = ada.post("/v1/visit-forms", {"name": "Shelf check", "questions": [question]}).json["id"]
    visit = ada.post("/v1/visits", {**where, "lat": 51.449, "lon": -2.597}).json["id"]
    written = [
        ada.post(f"/v1/visits/{visit}/reports", {"form_id": form, "answers": {"facings": 6}}),
        ada.post("/v1/planned-visits", {**where, "on": "2026-12-01"}),
        ada.post("/v1/tasks", {**where, "title": "Bring the decaf", "due_at": "2026-12-01T09:00:00Z"}),
        ada.put("/v1/visit-cadences/A", {"every_days": 14}),
    ]
    assert [answer.status_code for answer in written] == [201, 201, 201, 200]


def in_bulk(ada: Caller) -> None:
    """A file that is tried, and a change of all products that is made."""
    headers = {**ada.headers, "Content-Type": "text/csv"}
    made = ada.client.post("/v1/imports?resource=contacts", data=CONTACTS, headers=headers).json
    changed = ada.post("/v1/bulk-changes", {"resource": "products", "filter": {}, "set": {"category": "Coffee"}}).json
    ran = ada.post(f"/v1/imports/{made['id']}/run", {"dry_run": True, "save_as": "The till"})
    assert (ran.status_code, ada.post(f"/v1/bulk-changes/{changed['id']}/run").status_code) == (202, 202)
    run_to_end(UUID(made["id"]))
    while perform(changes.step):
        pass


def money_for(order: Order) -> list[Row | Synced]:
    """What else hangs on an order of somebody who sends it back."""
    facts = {"order_id": order.id, "currency": "GBP"}
    invoice = Invoice(
        kind="invoice",
        number="INV-1",
        order_number=order.number,
        issued_on=date(2026, 3, 2),
        seller={},
        buyer={},
        net=750,
        tax=150,
        total=900,
        taxes=[],
        **facts,
    )
    payment = Payment(method="cash", state="captured", amount=900, **facts)
    return [payment, invoice, Return(order_id=order.id, reason="damaged", state="requested")]


def bodies(contact_id: str, product_id: str, stock_item_id: str) -> dict[str, dict[str, Any]]:
    """What the admin writes, by where."""
    return {
        "/v1/integration-keys": {"name": "Web shop", "scopes": ["orders:read"], "expires_at": "2030-01-01T00:00:00Z"},
        "/v1/custom-fields": {
            "table": "contacts",
            "name": "grind",
            "type": "choice",
            "label": "G",
            "options": ["fine"],
        },
        "/v1/tax-rates": {"code": "books", "name": "Books", "basis_points": 0, "valid_from": "2026-01-01T00:00:00Z"},
        "/v1/stock-moves": {"product_id": product_id, "quantity": 3, "reason": "roasted"},
        "/v1/stock-leases": {"product_id": product_id, "quantity": 1},
        "/v1/stock-locations": {"code": "harbour", "name": "Harbourside"},
        "/v1/purchase-requests": {"stock_item_id": stock_item_id, "quantity": 12},
        "/v1/cases": {"contact_id": contact_id, "kind": "complaint", "summary": "A cup broke."},
        f"/v1/contacts/{contact_id}/erasure": {},
        "/v1/canned-replies": {"name": "hello", "body": "Hello {{ customer }}."},
        "/v1/quotes": {"contact_id": contact_id, "lines": [{"product_id": product_id, "quantity": 2}]},
        "/v1/templates": {"key": "order.shipped", "channel": "sms", "locale": "en", "body": "It is on its way."},
    }


def field_bodies(account_id: str, territory_id: str) -> dict[str, dict[str, Any]]:
    """What is sold in the field, by where."""
    days = {"starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    return {
        "/v1/leads": {"name": "Rosa Bianchi", "phone": "+447700900205", "territory_id": territory_id},
        "/v1/opportunities": {"name": "Beans", "account_id": account_id, "amount": 500, "closes_on": "2026-12-24"},
        "/v1/targets": {"measure": "orders-count", "territory_id": territory_id, "goal": 5, **days},
    }


def test_every_list_is_held_to_it(client: FlaskClient) -> None:
    listed = {
        path
        for path, methods in client.get("/openapi.json").json["paths"].items()
        for answer in methods.get("get", {"responses": {}})["responses"].values()
        if str(answer.get("content")).endswith("Page'}}}")
    }
    assert listed == LISTS.keys() | PUT_TOGETHER.keys()


def test_a_list_says_what_the_schema_says_without_asking_it(
    client: FlaskClient, session: Session, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = as_customer(client, session.query(Contact).one())
    for path, (schema, table) in LISTS.items():
        whole, below, _ = path.partition("/{id}")
        url = path.replace("{id}", ada.get(whole).json["items"][0]["id"]) if below else path
        with monkeypatch.context() as patched:
            patched.setattr(ma.Schema, "dump", _slow)
            items = (ben if path.startswith("/v1/me/") else ada).get(url).json["items"]

        session.expire_all()
        said = [json.loads(encode(schema.dump(row))) for row in session.query(table)]
        assert items, path
        for item in items:
            assert item in said, path
            assert list(item) == list(said[0]), path


def _slow(*unused: Any, **also_unused: Any) -> None:
    raise AssertionError("a list was dumped object by object")
