"""Messages that the bots did not understand, to be labelled and learned from."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0031"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of its own; nothing that was there changes."""
    op.create_table(
        "unknown_messages",
        sa.Column("message_id", db.Id(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("labelled_by", db.Id(), nullable=True),
        sa.Column("labelled_at", db.UtcDateTime(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("why IN ('unknown', 'asked')", name=op.f("ck_unknown_messages_why")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_unknown_messages_message_id_messages")),
        sa.ForeignKeyConstraint(["labelled_by"], ["users.id"], name=op.f("fk_unknown_messages_labelled_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unknown_messages")),
        sa.UniqueConstraint("message_id", name=op.f("uq_unknown_messages_message_id")),
    )
    op.create_index("ix_unknown_messages_label_id", "unknown_messages", ["label", "id"])
