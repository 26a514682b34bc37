"""Stock leases; orders say what a device showed, and lines the lease they were sold from; prices travel whole."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KINDS = ("field", "deleted", "moved", "price", "refused")


def upgrade() -> None:
    """Tax rates and discount limits become rows that devices hold, so what is there gets its place among the changes."""
    _leases()
    _orders()
    with op.batch_alter_table("sync_conflicts") as batch:
        batch.drop_constraint(op.f("ck_sync_conflicts_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_sync_conflicts_kind"), f"kind IN ({', '.join(map(repr, KINDS))})")
    op.add_column("sync_devices", sa.Column("heard_at", db.UtcDateTime(), nullable=True))
    op.add_column("sync_devices", sa.Column("silent_since", db.UtcDateTime(), nullable=True))
    _count_tax_rates()
    _tell_devices(("tax_rates", "discount_limits"))


def _leases() -> None:
    op.create_table(
        "stock_leases",
        sa.Column("rep_id", db.Id(), nullable=False),
        sa.Column("stock_item_id", db.Id(), nullable=False),
        sa.Column("product_id", db.Id(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("sold", sa.BigInteger(), nullable=False),
        sa.Column("given_back", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('held', 'sold', 'returned', 'expired')", name=op.f("ck_stock_leases_state")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_leases_quantity")),
        sa.CheckConstraint(
            "sold >= 0 AND given_back >= 0 AND sold + given_back <= quantity", name=op.f("ck_stock_leases_pieces")
        ),
        sa.CheckConstraint("(state = 'held') = (sold + given_back < quantity)", name=op.f("ck_stock_leases_over")),
        sa.ForeignKeyConstraint(["rep_id"], ["users.id"], name=op.f("fk_stock_leases_rep_id_users")),
        sa.ForeignKeyConstraint(
            ["stock_item_id"], ["stock_items.id"], name=op.f("fk_stock_leases_stock_item_id_stock_items")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_stock_leases_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_leases")),
    )
    held = sa.text("state = 'held'")
    op.create_index("ix_stock_leases_rep_id_id", "stock_leases", ["rep_id", "id"])
    op.create_index("ix_stock_leases_held", "stock_leases", ["expires_at"], sqlite_where=held, postgresql_where=held)
    op.create_index("ix_stock_leases_stock_item_id", "stock_leases", ["stock_item_id"])


def _orders() -> None:
    """The foreign key stands in the column itself: SQLite adds it so without building the table anew."""
    op.add_column("orders", sa.Column("shown_total", sa.BigInteger(), nullable=True))
    kind = db.Id().compile(dialect=op.get_bind().dialect)
    name = "fk_order_lines_lease_id_stock_leases"
    op.execute(f"ALTER TABLE order_lines ADD COLUMN lease_id {kind} CONSTRAINT {name} REFERENCES stock_leases (id)")


def _count_tax_rates() -> None:
    op.add_column("tax_rates", sa.Column("rev", sa.BigInteger(), nullable=True))
    op.add_column("tax_rates", sa.Column("updated_at", db.UtcDateTime(), nullable=True))
    op.execute("UPDATE tax_rates SET rev = 1, updated_at = created_at")
    with op.batch_alter_table("tax_rates") as batch:
        batch.alter_column("rev", existing_type=sa.BigInteger(), nullable=False)
        batch.alter_column("updated_at", existing_type=db.UtcDateTime(), nullable=False)


def _tell_devices(tables: Sequence[str]) -> None:
    """Give every row of these tables a place among the changes, as if it had been made now."""
    connection = op.get_bind()
    position = connection.scalar(sa.text("SELECT position FROM log_head"))
    for table in tables:
        rows = sa.table(table, sa.column("id"), sa.column("rev"))
        for id_, rev in connection.execute(sa.select(rows.c.id, rows.c.rev).order_by(rows.c.id)).all():
            position += 1
            connection.execute(
                sa.text(
                    "INSERT INTO changes (position, table_name, row_id, op, rev)"
                    " VALUES (:position, :table, :id, 'upsert', :rev)"
                ),
                {"position": position, "table": table, "id": id_, "rev": rev},
            )
    connection.execute(sa.text("UPDATE log_head SET position = :position"), {"position": position})
