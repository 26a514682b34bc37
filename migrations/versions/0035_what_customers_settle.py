"""Quiet hours, phone numbers and addresses that are about to be changed, and how far a conversation was read."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables of their own, and a column that nobody wrote before."""
    op.create_table(
        "quiet_hours",
        sa.Column("contact_id", db.Id(), nullable=False),
        sa.Column("begins", sa.SmallInteger(), nullable=False),
        sa.Column("ends", sa.SmallInteger(), nullable=False),
        sa.Column("decided_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "begins BETWEEN 0 AND 1439 AND ends BETWEEN 0 AND 1439 AND begins <> ends",
            name=op.f("ck_quiet_hours_times"),
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_quiet_hours_contact_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiet_hours")),
        sa.UniqueConstraint("contact_id", name=op.f("uq_quiet_hours_contact_id")),
    )
    op.create_table(
        "contact_changes",
        sa.Column("contact_id", db.Id(), nullable=False),
        sa.Column("old_point_id", db.Id(), nullable=False),
        sa.Column("new_point_id", db.Id(), nullable=False),
        sa.Column("old_verified_at", db.UtcDateTime(), nullable=True),
        sa.Column("new_verified_at", db.UtcDateTime(), nullable=True),
        sa.Column("asked_at", db.UtcDateTime(), nullable=True),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column("done_at", db.UtcDateTime(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_contact_changes_contact_id_contacts")),
        sa.ForeignKeyConstraint(
            ["old_point_id"], ["contact_points.id"], name=op.f("fk_contact_changes_old_point_id_contact_points")
        ),
        sa.ForeignKeyConstraint(
            ["new_point_id"], ["contact_points.id"], name=op.f("fk_contact_changes_new_point_id_contact_points")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_changes")),
    )
    op.create_index("ix_contact_changes_contact_id", "contact_changes", ["contact_id"], unique=False)
    op.add_column("conversations", sa.Column("read_position", sa.BigInteger(), nullable=True))
