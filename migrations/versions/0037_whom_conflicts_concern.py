"""Whom a conflict of a device concerns: the row that it is about may never have been, or may go."""

import json
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

CONFLICTS = sa.table(
    "sync_conflicts", sa.column("id", db.Id()), sa.column("contact_id", db.Id()), sa.column("mine", sa.Text()),
    sa.column("kind", sa.Text()),
)  # fmt: skip


def upgrade() -> None:
    """Two columns without a constraint, as in the log: devices name whom they will."""
    for name in ("contact_id", "account_id"):
        op.add_column("sync_conflicts", sa.Column(name, db.Id(), nullable=True))
        op.create_index(f"ix_sync_conflicts_{name}", "sync_conflicts", [name])
    _find_contacts_of_refused_orders(op.get_bind())


def _find_contacts_of_refused_orders(connection: sa.Connection) -> None:
    """Of the other conflicts the row tells it."""
    words = sa.cast(CONFLICTS.c.mine, sa.Text())
    for id_, mine in connection.execute(sa.select(CONFLICTS.c.id, words).where(CONFLICTS.c.kind == "refused")).all():
        named = json.loads(mine).get("contact_id")
        try:
            contact_id = UUID(named)
        except (TypeError, ValueError, AttributeError):
            continue
        connection.execute(sa.update(CONFLICTS).where(CONFLICTS.c.id == id_).values(contact_id=contact_id))
