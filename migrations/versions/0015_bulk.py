"""Imports with their files and rows, saved mappings, and bulk changes."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tables of their own; nothing that was there changes."""
    op.create_table(
        "bulk_changes",
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("filter", db.Json, nullable=False),
        sa.Column("changes", db.Json, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("user_id", db.Id(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("matching", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("counts", db.Json, nullable=False),
        sa.Column("after_id", db.Id(), nullable=True),
        sa.Column("started_at", db.UtcDateTime(), nullable=True),
        sa.Column("finished_at", db.UtcDateTime(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('counted', 'running', 'finished', 'cancelled')", name=op.f("ck_bulk_changes_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_changes")),
    )
    op.create_index("ix_bulk_changes_state_id", "bulk_changes", ["state", "id"], unique=False)
    op.create_table(
        "import_mappings",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mapping", db.Json, nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mappings")),
        sa.UniqueConstraint("resource", "name", name=op.f("uq_import_mappings_resource_name")),
    )
    op.create_table(
        "imports",
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("delimiter", sa.Text(), nullable=False),
        sa.Column("decimal", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("header", db.Json, nullable=False),
        sa.Column("sample", db.Json, nullable=False),
        sa.Column("mapping", db.Json, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("user_id", db.Id(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("counts", db.Json, nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("started_at", db.UtcDateTime(), nullable=True),
        sa.Column("finished_at", db.UtcDateTime(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('ready', 'running', 'finished', 'cancelled', 'failed', 'undoing', 'undone')",
            name=op.f("ck_imports_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_state_id", "imports", ["state", "id"], unique=False)
    op.create_table(
        "bulk_change_rows",
        sa.Column("bulk_change_id", db.Id(), nullable=False),
        sa.Column("subject_id", db.Id(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bulk_change_id"], ["bulk_changes.id"], name=op.f("fk_bulk_change_rows_bulk_change_id_bulk_changes")
        ),
        sa.PrimaryKeyConstraint("bulk_change_id", "subject_id", name=op.f("pk_bulk_change_rows")),
    )
    op.create_table(
        "import_parts",
        sa.Column("import_id", db.Id(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_parts_import_id_imports")),
        sa.PrimaryKeyConstraint("import_id", "part", name=op.f("pk_import_parts")),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", db.Id(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("subject_id", db.Id(), nullable=True),
        sa.Column("undo", db.Json, nullable=True),
        sa.Column("undone", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('created', 'updated', 'unchanged', 'skipped', 'rejected')", name=op.f("ck_import_rows_outcome")
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id_imports")),
        sa.PrimaryKeyConstraint("import_id", "run", "row", name=op.f("pk_import_rows")),
    )
