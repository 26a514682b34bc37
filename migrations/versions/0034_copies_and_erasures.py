"""Copies of people's data, and their wishes to be forgotten."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

UNDER_WAY = sa.text("state IN ('pending', 'erasing')")


def upgrade() -> None:
    """Three tables of their own; nothing that was there changes."""
    op.create_table(
        "data_copies",
        sa.Column("contact_id", db.Id(), nullable=False),
        sa.Column("contact_point_id", db.Id(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_until", db.UtcDateTime(), nullable=True),
        sa.Column("ready_at", db.UtcDateTime(), nullable=True),
        sa.Column("expires_at", db.UtcDateTime(), nullable=True),
        sa.Column("fetched_at", db.UtcDateTime(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'ready', 'over')", name=op.f("ck_data_copies_state")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_data_copies_contact_id_contacts")),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_points.id"], name=op.f("fk_data_copies_contact_point_id_contact_points")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_copies")),
    )
    op.create_index("ix_data_copies_contact_id_id", "data_copies", ["contact_id", "id"])
    op.create_index("ix_data_copies_state_id", "data_copies", ["state", "id"])
    op.create_table(
        "data_copy_parts",
        sa.Column("copy_id", db.Id(), nullable=False),
        sa.Column("part", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["copy_id"], ["data_copies.id"], name=op.f("fk_data_copy_parts_copy_id_data_copies")),
        sa.PrimaryKeyConstraint("copy_id", "part", name=op.f("pk_data_copy_parts")),
    )
    _create_erasures()


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("contact_id", db.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("due_at", db.UtcDateTime(), nullable=False),
        sa.Column("look_at", db.UtcDateTime(), nullable=False),
        sa.Column("waits_for", db.Json, nullable=False),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("scope", db.Json, nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("report", db.Json, nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('pending', 'erasing', 'done', 'taken_back')", name=op.f("ck_erasures_state")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_erasures_contact_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    for name, columns, unique in (
        ("uq_erasures_under_way", ["contact_id"], True),
        ("ix_erasures_due", ["look_at"], False),
    ):
        op.create_index(name, "erasures", columns, unique=unique, sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY)
    op.create_index("ix_erasures_contact_id_id", "erasures", ["contact_id", "id"])
