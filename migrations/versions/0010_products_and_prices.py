"""Products and prices: tax rates and codes, discounts, net and tax of orders, and a text to search products by."""

import sqlalchemy as sa
from alembic import op

from mcrm import db
from mcrm.products.searching import search_text

revision = "0010"
down_revision = "0004"
branch_labels = None
depends_on = None

ZERO = {"nullable": False, "server_default": "0"}


def upgrade() -> None:
    """Old lines and orders were priced without tax: what the customer paid is their net."""
    op.create_table(
        "tax_rates",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("basis_points", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("basis_points BETWEEN 0 AND 10000", name=op.f("ck_tax_rates_basis_points")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rates")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_tax_rates_code_valid_from")),
    )
    op.create_table(
        "discount_limits",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("basis_points", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("basis_points BETWEEN 0 AND 10000", name=op.f("ck_discount_limits_basis_points")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount_limits")),
        sa.UniqueConstraint("role", name=op.f("uq_discount_limits_role")),
    )
    op.add_column("products", sa.Column("tax_code", sa.Text(), nullable=True))
    op.add_column("products", sa.Column("search_text", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("price_lists", sa.Column("includes_tax", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("price_lists", sa.Column("discounts", db.Json, nullable=False, server_default="[]"))
    for name in ("net_total", "tax_total"):
        op.add_column("orders", sa.Column(name, sa.BigInteger(), **ZERO))
    op.add_column("order_lines", sa.Column("includes_tax", sa.Boolean(), nullable=False, server_default=sa.true()))
    for name in ("discount_basis_points", "tax_basis_points", "net", "tax"):
        op.add_column("order_lines", sa.Column(name, sa.BigInteger(), **ZERO))
    op.execute("UPDATE orders SET net_total = total")
    op.execute("UPDATE order_lines SET net = total")
    _fill_search_text()


def _fill_search_text() -> None:
    products = sa.table(
        "products", sa.column("id", db.Id()), *(sa.column(name) for name in ("name", "category", "search_text"))
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(products.c.id, products.c.name, products.c.category)).all()
    found = [{"product": row.id, "text": search_text(row.name, row.category)} for row in rows]
    if found:
        update = sa.update(products).where(products.c.id == sa.bindparam("product"))
        connection.execute(update.values(search_text=sa.bindparam("text")), found)
