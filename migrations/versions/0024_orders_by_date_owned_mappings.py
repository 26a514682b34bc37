"""Orders by the date of placing; who keeps a mapping of an import."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mappings of before have no owner: managers alone change them."""
    op.create_index("ix_orders_placed_at_id", "orders", ["placed_at", "id"])
    op.add_column("import_mappings", sa.Column("owner", sa.Text(), nullable=True))
