"""The app's chat: contact points of a fifth channel."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A wider check, and nothing else."""
    with op.batch_alter_table("contact_points") as batch:
        batch.drop_constraint(op.f("ck_contact_points_channel"), type_="check")
        batch.create_check_constraint(
            op.f("ck_contact_points_channel"), "channel IN ('sms', 'telegram', 'push', 'email', 'app')"
        )
