"""Let a commit on SQLite say what it is about, so that it wakes those alone who have something to do."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A count of rings a topic."""
    op.create_table(
        "wake_ups",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("rings", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", name=op.f("pk_wake_ups")),
    )
