"""Offline sync: changes say what changed and who pushed it; what a device edited last; the conflict inbox."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0020"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Grants have their positions in `changes` like all else, so their own column goes."""
    op.add_column("changes", sa.Column("rev", sa.BigInteger(), nullable=True))
    op.add_column("changes", sa.Column("fields", sa.Text(), nullable=True))
    op.add_column("changes", sa.Column("origin", db.Id(), nullable=True))
    op.drop_column("scope_grants", "changed_position")
    _create_edits()
    _create_conflicts()
    _create_devices()


def _create_edits() -> None:
    op.create_table(
        "sync_edits",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", db.Id(), nullable=False),
        sa.Column("base_rev", sa.BigInteger(), nullable=False),
        sa.Column("digests", db.Json, nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("device", "table_name", "row_id", name=op.f("pk_sync_edits")),
    )
    op.create_index("ix_sync_edits_at", "sync_edits", ["at"])


def _create_conflicts() -> None:
    op.create_table(
        "sync_conflicts",
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("user_id", db.Id(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", db.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("base_rev", sa.BigInteger(), nullable=True),
        sa.Column("mine", db.Json, nullable=False),
        sa.Column("theirs", db.Json, nullable=False),
        sa.Column("applied", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("settled_at", db.UtcDateTime(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('field', 'deleted', 'moved')", name=op.f("ck_sync_conflicts_kind")),
        sa.CheckConstraint("state IN ('open', 'settled')", name=op.f("ck_sync_conflicts_state")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sync_conflicts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_conflicts")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_sync_conflicts_fingerprint")),
    )
    op.create_index("ix_sync_conflicts_user_id_id", "sync_conflicts", ["user_id", "id"])


def _create_devices() -> None:
    op.create_table(
        "sync_floors",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.Column("tickled", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_floors")),
    )
    op.create_table(
        "sync_devices",
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("user_id", db.Id(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("contact_point_id", db.Id(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sync_devices_user_id_users")),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_points.id"], name=op.f("fk_sync_devices_contact_point_id_contact_points")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_devices")),
        sa.UniqueConstraint("user_id", "device_id", name=op.f("uq_sync_devices_user_id_device_id")),
    )
