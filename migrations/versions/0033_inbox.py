"""The inbox: hand-overs to people, who is present, canned replies; cases get states between open and closed."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0033"
down_revision = "0031"
branch_labels = None
depends_on = None

GOING_ON = sa.text("state IN ('waiting', 'taken')")
STRANGERS = sa.text("contact_id IS NULL AND contact_point_id IS NOT NULL")


def upgrade() -> None:
    """Three tables of their own; cases get a wider check; the log an index by address for people nobody knows yet."""
    _create_handovers()
    op.create_table(
        "agent_presences",
        sa.Column("user_id", db.Id(), nullable=False),
        sa.Column("until", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_agent_presences_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_presences")),
        sa.UniqueConstraint("user_id", name=op.f("uq_agent_presences_user_id")),
    )
    op.create_table(
        "canned_replies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
        sa.UniqueConstraint("name", "locale", name=op.f("uq_canned_replies_name_locale")),
    )
    with op.batch_alter_table("cases") as batch:
        batch.drop_constraint(op.f("ck_cases_state"), type_="check")
        batch.create_check_constraint(op.f("ck_cases_state"), "state IN ('open', 'working', 'waiting', 'closed')")
    op.create_index("ix_cases_owner_id_id", "cases", ["owner_id", "id"], unique=False)
    op.create_index(
        "ix_interactions_strangers",
        "interactions",
        ["contact_point_id", "position"],
        unique=False,
        sqlite_where=STRANGERS,
        postgresql_where=STRANGERS,
    )


def _create_handovers() -> None:
    op.create_table(
        "handovers",
        sa.Column("conversation_id", db.Id(), nullable=False),
        sa.Column("contact_id", db.Id(), nullable=True),
        sa.Column("contact_point_id", db.Id(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("agent_id", db.Id(), nullable=True),
        sa.Column("awaits_reply", sa.Boolean(), nullable=False),
        sa.Column("last_message_at", db.UtcDateTime(), nullable=False),
        sa.Column("first_response_due_at", db.UtcDateTime(), nullable=False),
        sa.Column("first_responded_at", db.UtcDateTime(), nullable=True),
        sa.Column("first_response_s", sa.BigInteger(), nullable=True),
        sa.Column("resolution_due_at", db.UtcDateTime(), nullable=False),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("resolution_s", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("rating_asked_at", db.UtcDateTime(), nullable=True),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'taken', 'resolved', 'returned')", name=op.f("ck_handovers_state")),
        sa.CheckConstraint("ended_by IN ('agent', 'customer', 'idle')", name=op.f("ck_handovers_ended_by")),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_handovers_rating")),
        sa.CheckConstraint("state <> 'taken' OR agent_id IS NOT NULL", name=op.f("ck_handovers_taken_by_somebody")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_handovers_conversation_id_conversations")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_handovers_contact_id_contacts")),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_points.id"], name=op.f("fk_handovers_contact_point_id_contact_points")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["users.id"], name=op.f("fk_handovers_agent_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    for name, columns, unique in (
        ("uq_handovers_going_on", ["conversation_id"], True),
        ("ix_handovers_open", ["state", "queue", "id"], False),
    ):
        op.create_index(name, "handovers", columns, unique=unique, sqlite_where=GOING_ON, postgresql_where=GOING_ON)
    op.create_index("ix_handovers_agent_id_id", "handovers", ["agent_id", "id"], unique=False)
    op.create_index("ix_handovers_contact_id", "handovers", ["contact_id"], unique=False)
    op.create_index(op.f("ix_handovers_conversation_id"), "handovers", ["conversation_id"], unique=False)
