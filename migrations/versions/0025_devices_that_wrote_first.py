"""Devices that pushed before they ever pulled."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Devices of before pulled first, as the stock client does."""
    column = sa.Column("wrote_first", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("sync_devices", column)
