"""Stock with its locations and requests, partial shipments, quotes, returns, and what carriers report."""

import sqlalchemy as sa
from alembic import op

from mcrm import clock, db
from mcrm.ids import new_id

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = "'receipt', 'adjustment', 'shipment', 'return', 'transfer', 'scrap'"
LIVE = sa.text("state IN ('open', 'ordered')")


def upgrade() -> None:
    """Columns are added one by one: SQLite would rebuild a table otherwise, and lose what hangs on it."""
    _stock()
    _orders()
    _quotes()
    _returns()
    _carry_over()


def _row(*columns: sa.Column) -> list[sa.Column]:
    return [
        *columns,
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
    ]


def _synced(*columns: sa.Column) -> list[sa.Column]:
    return _row(
        *columns,
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
    )


def _key(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _stock() -> None:
    op.execute(
        "ALTER TABLE stock_moves ADD COLUMN kind TEXT DEFAULT 'adjustment' NOT NULL "
        f"CONSTRAINT ck_stock_moves_kind CHECK (kind IN ({KINDS}))"
    )
    op.add_column("stock_items", sa.Column("reorder_point", sa.BigInteger(), nullable=True))
    op.add_column("stock_items", sa.Column("reorder_quantity", sa.BigInteger(), nullable=True))
    op.create_table(
        "stock_locations",
        *_synced(
            sa.Column("code", sa.Text(), nullable=False),
            sa.Column("name", sa.Text(), nullable=False),
            sa.Column("sells", sa.Boolean(), nullable=False),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_locations")),
        sa.UniqueConstraint("code", name=op.f("uq_stock_locations_code")),
    )
    op.create_table(
        "purchase_requests",
        *_synced(
            sa.Column("stock_item_id", db.Id(), nullable=False),
            sa.Column("quantity", sa.BigInteger(), nullable=False),
            sa.Column("state", sa.Text(), nullable=False),
            sa.Column("received_quantity", sa.BigInteger(), nullable=True),
            sa.Column("reference", sa.Text(), nullable=True),
            sa.Column("ordered_at", db.UtcDateTime(), nullable=True),
            sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_purchase_requests_quantity")),
        sa.CheckConstraint(
            "state IN ('open', 'ordered', 'received', 'cancelled')", name=op.f("ck_purchase_requests_state")
        ),
        _key("purchase_requests", "stock_item_id", "stock_items"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_requests")),
    )
    op.create_index("ix_purchase_requests_stock_item_id", "purchase_requests", ["stock_item_id"])
    op.create_index(
        "uq_purchase_requests_live",
        "purchase_requests",
        ["stock_item_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )


def _orders() -> None:
    for name in ("shipped_quantity", "cancelled_quantity"):
        op.add_column("order_lines", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    new = sa.text("status = 'new'")
    op.create_index("ix_orders_unconfirmed", "orders", ["placed_at"], sqlite_where=new, postgresql_where=new)
    op.add_column("shipments", sa.Column("tracking_status", sa.Text(), nullable=True))
    op.create_index("ix_shipments_tracking_number", "shipments", ["tracking_number"])
    op.create_table(
        "shipment_lines",
        *_row(
            sa.Column("shipment_id", db.Id(), nullable=False),
            sa.Column("order_line_id", db.Id(), nullable=False),
            sa.Column("quantity", sa.BigInteger(), nullable=False),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_lines_quantity")),
        _key("shipment_lines", "shipment_id", "shipments"),
        _key("shipment_lines", "order_line_id", "order_lines"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_lines")),
        sa.UniqueConstraint("shipment_id", "order_line_id", name=op.f("uq_shipment_lines_shipment_id_order_line_id")),
    )
    op.create_index("ix_shipment_lines_order_line_id", "shipment_lines", ["order_line_id"])
    op.add_column("tracking_events", sa.Column("carrier", sa.Text(), nullable=True))
    op.add_column("tracking_events", sa.Column("event_id", sa.Text(), nullable=True))
    op.add_column("tracking_events", sa.Column("expected_on", sa.Date(), nullable=True))
    op.create_index("uq_tracking_events_carrier_event_id", "tracking_events", ["carrier", "event_id"], unique=True)


def _quotes() -> None:
    op.create_table(
        "quotes",
        *_synced(
            sa.Column("number", sa.Text(), nullable=False),
            sa.Column("state", sa.Text(), nullable=False),
            sa.Column("account_id", db.Id(), nullable=False),
            sa.Column("contact_id", db.Id(), nullable=False),
            sa.Column("currency", sa.Text(), nullable=False),
            sa.Column("total", sa.BigInteger(), nullable=False),
            sa.Column("valid_until", db.UtcDateTime(), nullable=False),
            sa.Column("reference", sa.Text(), nullable=True),
            sa.Column("order_id", db.Id(), nullable=True),
        ),
        sa.CheckConstraint("state IN ('open', 'accepted', 'declined', 'expired')", name=op.f("ck_quotes_state")),
        _key("quotes", "account_id", "accounts"),
        _key("quotes", "contact_id", "contacts"),
        _key("quotes", "order_id", "orders"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quotes")),
        sa.UniqueConstraint("number", name=op.f("uq_quotes_number")),
    )
    op.create_index("ix_quotes_account_id_id", "quotes", ["account_id", "id"])
    op.create_index("ix_quotes_contact_id_id", "quotes", ["contact_id", "id"])
    still_open = sa.text("state = 'open'")
    op.create_index("ix_quotes_open", "quotes", ["valid_until"], sqlite_where=still_open, postgresql_where=still_open)
    op.create_table(
        "quote_lines",
        *_row(
            sa.Column("quote_id", db.Id(), nullable=False),
            sa.Column("line_number", sa.BigInteger(), nullable=False),
            sa.Column("product_id", db.Id(), nullable=False),
            sa.Column("description", sa.Text(), nullable=False),
            sa.Column("quantity", sa.BigInteger(), nullable=False),
            sa.Column("unit_price", sa.BigInteger(), nullable=False),
            sa.Column("total", sa.BigInteger(), nullable=False),
            sa.Column("amounts", db.Json, nullable=False),
        ),
        _key("quote_lines", "quote_id", "quotes"),
        _key("quote_lines", "product_id", "products"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_lines")),
        sa.UniqueConstraint("quote_id", "line_number", name=op.f("uq_quote_lines_quote_id_line_number")),
    )


def _returns() -> None:
    kind = "BLOB" if op.get_bind().dialect.name == "sqlite" else "UUID"
    op.execute(
        f"ALTER TABLE returns ADD COLUMN credit_order_id {kind} "
        "CONSTRAINT fk_returns_credit_order_id_orders REFERENCES orders (id)"
    )
    op.create_table(
        "return_lines",
        *_row(
            sa.Column("return_id", db.Id(), nullable=False),
            sa.Column("order_line_id", db.Id(), nullable=False),
            sa.Column("quantity", sa.BigInteger(), nullable=False),
            sa.Column("verdict", sa.Text(), nullable=True),
            sa.Column("refundable_quantity", sa.BigInteger(), nullable=True),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_lines_quantity")),
        sa.CheckConstraint("verdict IN ('restock', 'scrap')", name=op.f("ck_return_lines_verdict")),
        sa.CheckConstraint(
            "refundable_quantity BETWEEN 0 AND quantity", name=op.f("ck_return_lines_refundable_quantity")
        ),
        _key("return_lines", "return_id", "returns"),
        _key("return_lines", "order_line_id", "order_lines"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_lines")),
        sa.UniqueConstraint("return_id", "order_line_id", name=op.f("uq_return_lines_return_id_order_line_id")),
    )
    op.create_index("ix_return_lines_order_line_id", "return_lines", ["order_line_id"])


def _carry_over() -> None:
    """What was shipped before counts as shipped; what no move explains gets one, so that on hand = sum of moves."""
    op.execute(
        "UPDATE order_lines SET shipped_quantity = quantity WHERE quantity > 0 AND order_id IN "
        "(SELECT id FROM orders WHERE status IN ('shipped', 'delivered', 'returned'))"
    )
    op.execute("UPDATE stock_moves SET kind = 'shipment' WHERE reason = 'shipped' AND subject_type = 'order'")
    items = sa.table("stock_items", sa.column("id", db.Id()), sa.column("on_hand", sa.BigInteger()))
    moves = sa.table(
        "stock_moves",
        sa.column("id", db.Id()),
        sa.column("created_at", db.UtcDateTime()),
        sa.column("stock_item_id", db.Id()),
        sa.column("quantity", sa.BigInteger()),
        sa.column("reason", sa.Text()),
    )
    moved = sa.func.coalesce(sa.func.sum(moves.c.quantity), 0)
    query = (
        sa.select(items.c.id, items.c.on_hand - moved)
        .select_from(items.outerjoin(moves, moves.c.stock_item_id == items.c.id))
        .group_by(items.c.id, items.c.on_hand)
        .having(items.c.on_hand != moved)
    )
    rows = [
        {"id": new_id(), "created_at": clock.now(), "stock_item_id": item_id, "quantity": gap, "reason": "carried over"}
        for item_id, gap in op.get_bind().execute(query).all()
    ]
    if rows:
        op.bulk_insert(moves, rows)
