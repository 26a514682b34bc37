"""People: search keys, addresses, tags, roles at accounts, merges, dismissed duplicates, custom fields that are used."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from mcrm import db
from mcrm.lookup import words

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PAGE = 1000


def upgrade() -> None:
    """Make the tables, and the keys of the rows that are there."""
    _search_keys()
    _tables_of_people()
    _custom_fields()
    _index_what_is_there()


def _search_keys() -> None:
    op.create_table(
        "search_keys",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("row_id", db.Id(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "key", "row_id", name=op.f("pk_search_keys")),
    )
    op.create_index("ix_search_keys_row_id", "search_keys", ["row_id"])


def _tables_of_people() -> None:
    op.create_table(
        "tags",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name", name=op.f("uq_tags_name")),
    )

    op.create_table(
        "account_tags",
        sa.Column("account_id", db.Id(), nullable=False),
        sa.Column("tag_id", db.Id(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_tags_account_id_accounts")),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_account_tags_tag_id_tags")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_tags")),
        sa.UniqueConstraint("account_id", "tag_id", name=op.f("uq_account_tags_account_id_tag_id")),
    )
    op.create_index("ix_account_tags_tag_id", "account_tags", ["tag_id"])

    op.create_table(
        "account_contacts",
        sa.Column("account_id", db.Id(), nullable=False),
        sa.Column("contact_id", db.Id(), nullable=False),
        sa.Column("roles", db.Json, nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_contacts_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_account_contacts_contact_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_contacts")),
        sa.UniqueConstraint("account_id", "contact_id", name=op.f("uq_account_contacts_account_id_contact_id")),
    )
    op.create_index("ix_account_contacts_contact_id", "account_contacts", ["contact_id"])

    op.create_table(
        "addresses",
        sa.Column("account_id", db.Id(), nullable=True),
        sa.Column("contact_id", db.Id(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("lines", db.Json, nullable=False),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('billing', 'delivery')", name=op.f("ck_addresses_kind")),
        sa.CheckConstraint("(account_id IS NULL) <> (contact_id IS NULL)", name=op.f("ck_addresses_owner")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_addresses_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_addresses_contact_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
    )
    op.create_index("ix_addresses_account_id", "addresses", ["account_id"])
    op.create_index("ix_addresses_contact_id", "addresses", ["contact_id"])
    op.create_index(
        "uq_addresses_default_of_account",
        "addresses",
        ["account_id", "kind"],
        unique=True,
        sqlite_where=sa.text("is_default AND account_id IS NOT NULL"),
        postgresql_where=sa.text("is_default AND account_id IS NOT NULL"),
    )
    op.create_index(
        "uq_addresses_default_of_contact",
        "addresses",
        ["contact_id", "kind"],
        unique=True,
        sqlite_where=sa.text("is_default AND contact_id IS NOT NULL"),
        postgresql_where=sa.text("is_default AND contact_id IS NOT NULL"),
    )

    op.create_table(
        "contact_merges",
        sa.Column("survivor_id", db.Id(), nullable=False),
        sa.Column("other_id", db.Id(), nullable=False),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column("undone_at", db.UtcDateTime(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["other_id"], ["contacts.id"], name=op.f("fk_contact_merges_other_id_contacts")),
        sa.ForeignKeyConstraint(["survivor_id"], ["contacts.id"], name=op.f("fk_contact_merges_survivor_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_merges")),
    )
    op.create_index("ix_contact_merges_survivor_id", "contact_merges", ["survivor_id"])
    op.create_index(
        "uq_contact_merges_in_force",
        "contact_merges",
        ["other_id"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )

    op.create_table(
        "contact_tags",
        sa.Column("contact_id", db.Id(), nullable=False),
        sa.Column("tag_id", db.Id(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_contact_tags_contact_id_contacts")),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_contact_tags_tag_id_tags")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_tags")),
        sa.UniqueConstraint("contact_id", "tag_id", name=op.f("uq_contact_tags_contact_id_tag_id")),
    )
    op.create_index("ix_contact_tags_tag_id", "contact_tags", ["tag_id"])

    op.create_table(
        "duplicate_dismissals",
        sa.Column("one_id", db.Id(), nullable=False),
        sa.Column("other_id", db.Id(), nullable=False),
        sa.Column("dismissed_by", sa.Text(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["one_id"], ["contacts.id"], name=op.f("fk_duplicate_dismissals_one_id_contacts")),
        sa.ForeignKeyConstraint(["other_id"], ["contacts.id"], name=op.f("fk_duplicate_dismissals_other_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_dismissals")),
        sa.UniqueConstraint("one_id", "other_id", name=op.f("uq_duplicate_dismissals_one_id_other_id")),
    )
    op.create_index("ix_duplicate_dismissals_other_id", "duplicate_dismissals", ["other_id"])


def _custom_fields() -> None:
    """Nothing could write a definition before, so the table is made anew."""
    op.drop_table("custom_field_definitions")
    op.create_table(
        "custom_field_definitions",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("options", db.Json, nullable=False),
        sa.Column("deleted_at", db.UtcDateTime(), nullable=True),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "table_name IN ('accounts', 'contacts')", name=op.f("ck_custom_field_definitions_table_name")
        ),
        sa.CheckConstraint(
            "type IN ('string', 'number', 'integer', 'boolean', 'date', 'choice', 'multichoice')",
            name=op.f("ck_custom_field_definitions_type"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field_definitions")),
        sa.UniqueConstraint("table_name", "name", name=op.f("uq_custom_field_definitions_table_name_name")),
    )


def _index_what_is_there() -> None:
    """The keys of every account, contact and address, a thousand rows at a time."""
    named = sa.sql.table("accounts", sa.column("id", db.Id()), sa.column("name"), sa.column("number"))
    _index("accounts", sa.select(named), lambda row: words.name_keys(row.name) | words.number_keys(row.number))
    contacts = sa.sql.table("contacts", sa.column("id", db.Id()), sa.column("name"), sa.column("number"))
    _index(
        "contacts",
        sa.select(contacts),
        lambda row: words.name_keys(row.name) | words.number_keys(row.number) | words.same_name_keys(row.name),
    )
    columns = [sa.column(name) for name in ("channel", "address", "state")]
    points = sa.sql.table("contact_points", sa.column("id", db.Id()), *columns)
    for channel, keys in (("sms", words.phone_keys), ("email", words.mail_keys)):
        living = sa.select(points).where(points.c.channel == channel, points.c.state != "removed")
        _index("contact_points", living, lambda row, keys=keys: keys(row.address))


def _index(table: str, query: sa.Select[Any], keys_of: Any) -> None:
    connection = op.get_bind()
    kept = sa.sql.table("search_keys", sa.column("table_name"), sa.column("key"), sa.column("row_id", db.Id()))
    for page in connection.execute(query).partitions(PAGE):
        rows = [{"table_name": table, "row_id": row.id, "key": key} for row in page for key in keys_of(row)]
        if rows:
            connection.execute(sa.insert(kept), rows)
