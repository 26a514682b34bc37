"""Deliveries name the message to many that they belong to, so that one can be counted without reading all keys."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column with a partial index, filled for the announcements there were."""
    op.add_column("deliveries", sa.Column("broadcast_id", db.Id(), nullable=True))
    announcements = sa.table("announcements", sa.column("id", db.Id()), sa.column("offer_id", db.Id()))
    deliveries = sa.table(
        "deliveries",
        sa.column("broadcast_id", db.Id()),
        sa.column("kind", sa.Text()),
        sa.column("dedupe_key", sa.Text()),
    )
    for id_, offer_id in op.get_bind().execute(sa.select(announcements.c.id, announcements.c.offer_id)).all():
        of_it = deliveries.c.dedupe_key.startswith(f"offer:{offer_id}:", autoescape=True)
        is_push = deliveries.c.kind == "offer.announced"
        op.execute(sa.update(deliveries).where(is_push, of_it).values(broadcast_id=id_))
    named = sa.text("broadcast_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_broadcast_id", "deliveries", ["broadcast_id"], sqlite_where=named, postgresql_where=named
    )
