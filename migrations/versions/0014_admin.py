"""Admin over REST: password resets, integration keys, run-time settings, message templates, the audit's indexes."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and indexes."""
    op.create_index("ix_audit_entries_actor_id", "audit_entries", ["actor", "id"])
    op.create_index("ix_audit_entries_action_id", "audit_entries", ["action", "id"])
    op.create_table(
        "password_resets",
        sa.Column("user_id", db.Id(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column("used_at", db.UtcDateTime(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_password_resets_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_resets")),
        sa.UniqueConstraint("digest", name=op.f("uq_password_resets_digest")),
    )
    op.create_index("ix_password_resets_user_id", "password_resets", ["user_id"])
    op.create_table(
        "integration_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", db.Json, nullable=False),
        sa.Column("territory_ids", db.Json, nullable=True),
        sa.Column("expires_at", db.UtcDateTime(), nullable=True),
        sa.Column("last_used_at", db.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", db.UtcDateTime(), nullable=True),
        *_versioned(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_integration_keys_name")),
        sa.UniqueConstraint("prefix", name=op.f("uq_integration_keys_prefix")),
    )
    op.create_table(
        "runtime_settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", db.Json, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        *_versioned(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runtime_settings")),
        sa.UniqueConstraint("name", name=op.f("uq_runtime_settings_name")),
    )
    op.create_table(
        "templates",
        *_words(),
        *_versioned(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("key", "channel", "locale", name=op.f("uq_templates_key_channel_locale")),
    )
    op.create_table(
        "template_versions",
        sa.Column("template_id", db.Id(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        *_words(),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_versions")),
        sa.UniqueConstraint("template_id", "number", name=op.f("uq_template_versions_template_id_number")),
    )
    undecided = sa.text("state IN ('failed', 'unknown')")
    op.create_index("ix_deliveries_undecided", "deliveries", ["id"], sqlite_where=undecided, postgresql_where=undecided)


def _versioned() -> list[sa.Column]:
    return [
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
    ]


def _words() -> list[sa.Column]:
    return [
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
    ]
