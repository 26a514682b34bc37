"""Payments with their states, refunds, invoices, and the books."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEPT = ("invoices", "invoice_lines", "journal_entries", "postings")
METHODS = "method IN ('cash', 'card', 'transfer')"
POSTGRES_FUNCTION = (
    "CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION '% are never changed', TG_TABLE_NAME; END $$"
)


def upgrade() -> None:
    """`payments` gets its states; refunds, invoices and the journal are new, the last two guarded against changes."""
    _payments()
    _invoices()
    _journal()
    for statement in _guards(op.get_bind().dialect.name):
        op.execute(statement)


def _payments() -> None:
    is_credit = sa.text("kind = 'credit'")
    op.create_index("ix_orders_credits", "orders", ["reference"], sqlite_where=is_credit, postgresql_where=is_credit)
    with op.batch_alter_table("payments") as batch:
        batch.add_column(sa.Column("captured_at", db.UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("voided_at", db.UtcDateTime(), nullable=True))
        batch.create_check_constraint(op.f("ck_payments_method"), METHODS)
        batch.create_check_constraint(op.f("ck_payments_state"), "state IN ('authorised', 'captured', 'voided')")
        batch.create_check_constraint(op.f("ck_payments_amount"), "amount > 0")
    op.create_table(
        "refunds",
        sa.Column("order_id", db.Id(), nullable=False),
        sa.Column("return_id", db.Id(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("external_reference", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(METHODS, name=op.f("ck_refunds_method")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id_orders")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name=op.f("fk_refunds_return_id_returns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("method", "external_reference", name=op.f("uq_refunds_method_external_reference")),
    )
    op.create_index("ix_refunds_order_id", "refunds", ["order_id"])


def _invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("order_id", db.Id(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("credits_id", db.Id(), nullable=True),
        sa.Column("credits_number", sa.Text(), nullable=True),
        sa.Column("refund_id", db.Id(), nullable=True),
        sa.Column("return_id", db.Id(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("seller", db.Json, nullable=False),
        sa.Column("buyer", db.Json, nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("taxes", db.Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note')", name=op.f("ck_invoices_kind")),
        sa.CheckConstraint("net + tax = total", name=op.f("ck_invoices_total")),
        sa.ForeignKeyConstraint(["credits_id"], ["invoices.id"], name=op.f("fk_invoices_credits_id_invoices")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_invoices_order_id_orders")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_invoices_refund_id_refunds")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name=op.f("fk_invoices_return_id_returns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
    )
    op.create_index("ix_invoices_credits_id", "invoices", ["credits_id"])
    op.create_index("ix_invoices_issued_on", "invoices", ["issued_on"])
    op.create_index("ix_invoices_order_id", "invoices", ["order_id"])
    op.create_index(
        "uq_invoices_one_an_order",
        "invoices",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'invoice'"),
        postgresql_where=sa.text("kind = 'invoice'"),
    )
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", db.Id(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_line_id", db.Id(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("discount_basis_points", sa.BigInteger(), nullable=False),
        sa.Column("includes_tax", sa.Boolean(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("tax_basis_points", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_invoice_lines_invoice_id_invoices")),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_lines.id"], name=op.f("fk_invoice_lines_order_line_id_order_lines")
        ),
        sa.PrimaryKeyConstraint("invoice_id", "line_number", name=op.f("pk_invoice_lines")),
    )


def _journal() -> None:
    op.create_table(
        "journal_entries",
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("subject_id", db.Id(), nullable=False),
        sa.Column("order_id", db.Id(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "cause IN ('invoice', 'credit_note', 'payment', 'refund')", name=op.f("ck_journal_entries_cause")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_journal_entries_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entries")),
    )
    op.create_index("ix_journal_entries_at_id", "journal_entries", ["at", "id"])
    op.create_index("ix_journal_entries_order_id", "journal_entries", ["order_id"])
    op.create_index("uq_journal_entries_cause_subject_id", "journal_entries", ["cause", "subject_id"], unique=True)
    op.create_table(
        "postings",
        sa.Column("entry_id", db.Id(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "account IN ('receivable', 'cash', 'card-clearing', 'bank', 'revenue', 'tax', 'refunds')",
            name=op.f("ck_postings_account"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_postings_amount")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["journal_entries.id"], name=op.f("fk_postings_entry_id_journal_entries")
        ),
        sa.PrimaryKeyConstraint("entry_id", "account", name=op.f("pk_postings")),
    )


def _guards(dialect: str) -> Iterator[str]:
    """Neither a document nor an entry of the books may be changed or deleted, by anybody."""
    if dialect == "postgresql":
        yield POSTGRES_FUNCTION
    for table in KEPT:
        if dialect == "postgresql":
            yield (
                f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION never_changed()"
            )
            continue
        for event in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, '{table} are never changed'); END"
            )
