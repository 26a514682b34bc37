"""What travels to devices: each synced table with its columns, who writes them, and who wins when two did.

A further table is one entry of TABLES (parents before children), and one in `changes.py` if devices write it. Its
mapped class says by `__within__` which row its rows belong to; scope, moves and tombstones follow from that.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Boolean, ColumnElement, Date, Float, Integer, Table, literal

from mcrm.accounts.models import Account
from mcrm.api.fields import clean_text
from mcrm.contacts.models import Contact, ContactPoint, PointChannel
from mcrm.db import Base, Synced, UtcDateTime, canonical
from mcrm.interactions.kinds import LOGGED_BY_REPS
from mcrm.interactions.models import Interaction
from mcrm.leads.models import Lead
from mcrm.leases.models import StockLease
from mcrm.opportunities.models import Opportunity
from mcrm.orders.models import Order, OrderLine
from mcrm.pricing.models import DiscountLimit
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.stock.models import StockItem
from mcrm.targets.models import Target
from mcrm.tasks.models import Task
from mcrm.taxes.models import TaxRate
from mcrm.territories.models import Territory
from mcrm.visits.models import PlannedVisit, Visit, VisitForm, VisitReport

SCHEMA_VERSION = 1
LONGEST_TEXT = 20_000


class Policy(StrEnum):
    """Who wins when two edited the same field: the later push, what stands on the server, or both texts stay."""

    LAST = "last"
    SERVER = "server"
    APPEND = "append"


class Written(StrEnum):
    """Whether a device writes a column: never, when it makes the row, or always."""

    NEVER = "never"
    ONCE = "once"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Column:
    """One column on the wire: `type` is WatermelonDB's; `read` turns what is stored into what travels."""

    name: str
    source: ColumnElement[Any]
    type: str
    optional: bool
    written: Written = Written.NEVER
    policy: Policy = Policy.LAST
    read: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class SyncedTable:
    """One table on the wire. `only` narrows it further than the scope does; `shared` rows are every rep's.

    Of a shared table with an `owner` column everybody holds the own rows alone.
    """

    name: str
    table: Table
    columns: tuple[Column, ...]
    open: bool = False
    shared: bool = False
    only: tuple[ColumnElement[bool], ...] = ()
    owner: ColumnElement[Any] | None = None

    def written(self, *when: Written) -> dict[str, Column]:
        """The columns that a device writes then, by name."""
        return {column.name: column for column in self.columns if column.written in when}

    def item(self, row: Sequence[Any]) -> dict[str, Any]:
        """A row of `columns` as the raw record that travels."""
        return {
            column.name: value if column.read is None or value is None else column.read(value)
            for column, value in zip(self.columns, row, strict=True)
        }


def milliseconds(value: datetime) -> int:
    """Epoch milliseconds."""
    return round(value.timestamp() * 1000)


def _text_of(payload: str) -> str | None:
    words = json.loads(payload).get("text") if payload else None  # an erased one is empty
    return words if isinstance(words, str) else None


def _table(
    model: type[Synced],
    *,
    edited: Iterable[str] = (),
    once: Iterable[str] = (),
    read_only: Iterable[str] = (),
    policies: Mapping[str, Policy] | None = None,
    shared: bool = False,
    only: tuple[ColumnElement[bool], ...] = (),
    owner: str | None = None,
) -> SyncedTable:
    """A table whose wire columns are columns of the mapped class, of the types that follow from theirs."""
    table = cast(Table, model.__table__)
    written = dict.fromkeys(edited, Written.ALWAYS) | dict.fromkeys(once, Written.ONCE)
    names = ("id", "rev", "created_at", "updated_at", *written, *read_only)
    written["created_at"] = Written.ONCE if edited or once else Written.NEVER
    policy = policies or {}
    columns = (_column(table, name, written.get(name, Written.NEVER), policy.get(name, Policy.LAST)) for name in names)
    owned = None if owner is None else table.c[owner]
    return SyncedTable(model.__tablename__, table, tuple(columns), model.__open__, shared, only, owned)


def _column(table: Table, name: str, written: Written, policy: Policy) -> Column:
    column = table.c[name]
    kind: str = "string"
    read: Callable[[Any], Any] | None = None
    if isinstance(column.type, UtcDateTime):
        kind, read = "number", milliseconds
    elif isinstance(column.type, Date):
        read = date.isoformat
    elif isinstance(column.type, Boolean):
        kind = "boolean"
    elif isinstance(column.type, BigInteger | Integer | Float):
        kind = "number"
    elif isinstance(column.type, JSON):
        read = canonical
    return Column(name, column, kind, bool(column.nullable), written, policy, read)


_log = Interaction.__table__.c
NOTES = SyncedTable(
    "interactions",
    cast(Table, Interaction.__table__),
    (
        Column("id", _log.id, "string", False),
        Column("rev", literal(1), "number", False),
        Column("created_at", _log.at.label("created_at"), "number", False, read=milliseconds),
        Column("updated_at", _log.at.label("updated_at"), "number", False, read=milliseconds),
        Column("kind", _log.kind, "string", False, Written.ONCE),
        Column("at", _log.at, "number", False, Written.ONCE, read=milliseconds),
        Column("account_id", _log.account_id, "string", False, Written.ONCE),
        Column("contact_id", _log.contact_id, "string", True, Written.ONCE),
        Column("text", _log.payload, "string", True, Written.ONCE, read=_text_of),
        Column("actor", _log.actor, "string", False),
    ),
    only=(_log.kind.in_([kind.value for kind in LOGGED_BY_REPS]), _log.account_id.is_not(None)),
)
"""Facts that people wrote down: they are made, never changed."""

TABLES: Mapping[str, SyncedTable] = {
    table.name: table
    for table in (
        _table(Territory, read_only=("name", "timezone")),
        _table(
            Account,
            edited=(
                "name",
                "number",
                "territory_id",
                "parent_id",
                "account_class",
                "country",
                "timezone",
                "locale",
                "lat",
                "lon",
            ),
            once=("kind",),
            policies=dict.fromkeys(("number", "territory_id", "parent_id"), Policy.SERVER),
        ),
        _table(
            Contact,
            edited=("account_id", "name", "number", "locale", "timezone", "notes"),
            policies={"account_id": Policy.SERVER, "number": Policy.SERVER, "notes": Policy.APPEND},
        ),
        _table(
            ContactPoint,
            once=("contact_id", "channel", "address"),
            read_only=("state", "verified_at"),
            only=(
                ContactPoint.__table__.c.contact_id.is_not(None),
                ContactPoint.__table__.c.channel.not_in((PointChannel.PUSH.value, PointChannel.APP.value)),
            ),
        ),
        _table(
            Lead,
            edited=(
                "name",
                "company",
                "phone",
                "email",
                "country",
                "postcode",
                "source",
                "notes",
                "territory_id",
                "status",
                "lost_reason",
                "first_touched_at",
            ),
            read_only=(
                "owner_id",
                "assigned_at",
                "touch_due_at",
                "escalated_at",
                "converted_at",
                "contact_id",
                "account_id",
                "opportunity_id",
            ),
            policies={"notes": Policy.APPEND}
            | dict.fromkeys(("territory_id", "status", "lost_reason", "first_touched_at"), Policy.SERVER),
        ),
        _table(
            Opportunity,
            edited=(
                "name",
                "contact_id",
                "stage",
                "amount",
                "currency",
                "closes_on",
                "loss_reason",
                "loss_detail",
            ),
            once=("account_id",),
            read_only=("owner_id", "stage_since", "closed_at", "order_id", "quote_id"),
            policies=dict.fromkeys(("stage", "loss_reason", "loss_detail"), Policy.SERVER),
        ),
        _table(
            Product,
            read_only=("code", "name", "description", "category", "unit", "picture_url", "is_active", "tax_code"),
            shared=True,
        ),
        _table(
            PriceList,
            read_only=(
                "name",
                "currency",
                "valid_from",
                "valid_until",
                "account_id",
                "account_class",
                "rank",
                "includes_tax",
                "discounts",
            ),
        ),
        _table(PriceListItem, read_only=("price_list_id", "product_id", "min_quantity", "unit_price")),
        _table(TaxRate, read_only=("code", "name", "basis_points", "valid_from"), shared=True),
        _table(DiscountLimit, read_only=("role", "basis_points"), shared=True),
        _table(StockItem, read_only=("product_id", "location", "on_hand", "reserved"), shared=True),
        _table(
            StockLease,
            edited=("state",),
            once=("product_id", "location", "quantity", "expires_at"),
            read_only=("sold", "given_back", "rep_id"),
            policies={"state": Policy.SERVER},
            shared=True,
            owner="rep_id",
        ),
        _table(
            Order,
            once=("contact_id", "reference", "shown_total"),
            read_only=(
                "account_id",
                "number",
                "kind",
                "status",
                "payment_status",
                "currency",
                "total",
                "placed_at",
                "expected_on",
            ),
        ),
        _table(
            OrderLine,
            once=("order_id", "product_id", "quantity", "discount_basis_points", "lease_id"),
            read_only=("line_number", "description", "unit_price", "total"),
        ),
        _table(VisitForm, read_only=("name", "version", "questions", "is_active"), shared=True),
        _table(
            PlannedVisit,
            read_only=("account_id", "rep_id", "on", "starts_at", "duration_minutes", "purpose", "state", "visit_id"),
        ),
        _table(
            Visit,
            edited=("checked_out_at", "outcome"),
            once=("account_id", "checked_in_at", "lat", "lon", "accuracy_m", "is_mock"),
            read_only=("rep_id", "state", "verdict", "distance_m"),
        ),
        _table(VisitReport, once=("visit_id", "form_id", "answers")),
        _table(
            Task,
            edited=("title", "due_at", "done_at", "contact_id"),
            once=("account_id",),
            read_only=("owner_id", "visit_id"),
        ),
        _table(
            Target,
            read_only=("measure", "user_id", "territory_id", "starts_on", "ends_on", "goal", "currency", "progress"),
            only=(Target.__table__.c.territory_id.is_not(None),),
        ),
        NOTES,
    )
}


def by_name(name: str) -> SyncedTable | None:
    """The synced table of that name; names of devices never reach SQL in any other way."""
    return TABLES.get(name)


def is_open_root(name: str) -> ColumnElement[bool] | None:
    """For tables whose rows may be everybody's: the condition that a row hangs on nothing."""
    model = next(m.class_ for m in Base.registry.mappers if m.local_table is TABLES[name].table)
    condition: ColumnElement[bool] | None = None
    table: Any = TABLES[name].table
    while (within := getattr(model, "__within__", None)) is not None and model.__open__:
        condition = table.c[within[0]].is_(None)
        table = Base.metadata.tables[within[1]]
        model = next(m.class_ for m in Base.registry.mappers if m.local_table is table)
    return condition


def identifier(value: object) -> UUID | None:
    """The id of a record, None for anything that is not a UUID as text, in lower case."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        found = UUID(value)
    except ValueError:
        return None
    return found if str(found) == value else None  # in capitals it would be another one on the phone


def is_empty(value: object) -> bool:
    """Whether nobody filled this column of a new record: the protocol's client puts null there, or an empty text."""
    return value is None or value == ""


def storable(column: Column, value: Any) -> bool:
    """Whether a value from a device is of the column's type, and one that both databases can hold."""
    if value is None:
        return True
    if column.type == "string":
        return isinstance(value, str) and len(value) <= LONGEST_TEXT and clean_text(value)
    if column.type == "boolean":
        return isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
