"""Guard the log: interactions are append-only, apart from the blanking of an erasure."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SAME = [
    "position",
    "id",
    "at",
    "kind",
    "actor",
    "channel",
    "direction",
    "contact_id",
    "account_id",
    "contact_point_id",
    "subject_type",
    "subject_id",
    "digest",
]

SQLITE = (
    "CREATE TRIGGER interactions_keep BEFORE DELETE ON interactions BEGIN "
    "SELECT RAISE(ABORT, 'interactions are append-only'); END",
    "CREATE TRIGGER interactions_freeze BEFORE UPDATE ON interactions WHEN NOT (new.payload = '' AND new.salt = x'' AND "
    + " AND ".join(f"new.{name} IS old.{name}" for name in SAME)
    + ") BEGIN SELECT RAISE(ABORT, 'interactions are append-only'); END",
)
POSTGRES = (
    "CREATE FUNCTION interactions_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'UPDATE' THEN IF new.payload = '' AND new.salt = ''::bytea AND "
    + " AND ".join(f"new.{name} IS NOT DISTINCT FROM old.{name}" for name in SAME)
    + " THEN RETURN new; END IF; END IF; RAISE EXCEPTION 'interactions are append-only'; END $$",
    "CREATE TRIGGER interactions_append_only BEFORE UPDATE OR DELETE ON interactions "
    "FOR EACH ROW EXECUTE FUNCTION interactions_append_only()",
)


def upgrade() -> None:
    """A row of the log may be neither changed nor deleted; an erasure may blank payload and salt, nothing else."""
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRES:
        op.execute(statement)
