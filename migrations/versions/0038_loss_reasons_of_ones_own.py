"""Why opportunities are lost: admins keep the words, so the table knows none."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One check less, and nothing else."""
    with op.batch_alter_table("opportunities") as batch:
        batch.drop_constraint(op.f("ck_opportunities_loss_reason"), type_="check")
