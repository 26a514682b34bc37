"""Territories with managers and places; leads, opportunities in a pipeline, targets."""

import sqlalchemy as sa
from alembic import op

from mcrm import clock, db
from mcrm.ids import new_id

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

PIPELINE = (
    ("discovery", "Discovery", 10, 10, "open"),
    ("proposal", "Proposal", 20, 40, "open"),
    ("negotiation", "Negotiation", 30, 70, "open"),
    ("won", "Won", 1001, 100, "won"),
    ("lost", "Lost", 1002, 0, "lost"),
)
"""A pipeline to begin with; the managers make it theirs."""


def upgrade() -> None:
    """New tables, two columns and two indexes on what was there."""
    _extend_territories()
    _index_the_log()
    _create_opportunities()
    _create_leads()
    _create_targets()


def _extend_territories() -> None:
    _add_reference("territories", "parent_id", "territories")
    _add_reference("territories", "manager_id", "users")
    op.create_index("ix_territories_parent_id", "territories", ["parent_id"])
    op.create_table(
        "territory_places",
        sa.Column("territory_id", db.Id(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        *_row("territory_places"),
        _reference("territory_places", "territory_id", "territories"),
        sa.UniqueConstraint("country", "prefix", name=op.f("uq_territory_places_country_prefix")),
    )
    op.create_index("ix_territory_places_territory_id", "territory_places", ["territory_id"])


def _index_the_log() -> None:
    counted = sa.text("kind IN ('account.created', 'order.placed')")
    op.create_index(
        "ix_interactions_counted",
        "interactions",
        ["actor", "kind", "at"],
        sqlite_where=counted,
        postgresql_where=counted,
    )
    leads = sa.text("subject_type = 'lead'")
    op.create_index(
        "ix_interactions_leads", "interactions", ["subject_id", "position"], sqlite_where=leads, postgresql_where=leads
    )


def _create_opportunities() -> None:
    stages = op.create_table(
        "pipeline_stages",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *_versioned("pipeline_stages"),
        sa.CheckConstraint("kind IN ('open', 'won', 'lost')", name=op.f("ck_pipeline_stages_kind")),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name=op.f("ck_pipeline_stages_probability")),
        sa.UniqueConstraint("key", name=op.f("uq_pipeline_stages_key")),
    )
    now = clock.now()
    op.bulk_insert(
        stages,
        [
            {"id": new_id(), "created_at": now, "updated_at": now, "rev": 1}
            | dict(zip(("key", "name", "place", "probability", "kind"), stage, strict=True))
            for stage in PIPELINE
        ],
    )
    op.create_table(
        "opportunities",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", db.Id(), nullable=False),
        sa.Column("contact_id", db.Id(), nullable=True),
        sa.Column("owner_id", db.Id(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_since", db.UtcDateTime(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("loss_reason", sa.Text(), nullable=True),
        sa.Column("loss_detail", sa.Text(), nullable=True),
        sa.Column("order_id", db.Id(), nullable=True),
        sa.Column("quote_id", db.Id(), nullable=True),
        sa.Column("closed_at", db.UtcDateTime(), nullable=True),
        *_versioned("opportunities"),
        sa.CheckConstraint(
            "loss_reason IN ('price', 'competitor', 'timing', 'no-need', 'no-answer', 'other')",
            name=op.f("ck_opportunities_loss_reason"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_opportunities_amount")),
        _reference("opportunities", "account_id", "accounts"),
        _reference("opportunities", "contact_id", "contacts"),
        _reference("opportunities", "owner_id", "users"),
        _reference("opportunities", "order_id", "orders"),
        _reference("opportunities", "quote_id", "quotes"),
    )
    op.create_index("ix_opportunities_account_id_id", "opportunities", ["account_id", "id"])
    op.create_index("ix_opportunities_owner_id_id", "opportunities", ["owner_id", "id"])
    op.create_index("ix_opportunities_closes_on", "opportunities", ["closes_on"])
    op.create_table(
        "opportunity_stages",
        sa.Column("opportunity_id", db.Id(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("entered_at", db.UtcDateTime(), nullable=False),
        sa.Column("left_at", db.UtcDateTime(), nullable=True),
        sa.Column("moved_by", sa.Text(), nullable=False),
        *_row("opportunity_stages"),
        _reference("opportunity_stages", "opportunity_id", "opportunities"),
    )
    op.create_index("ix_opportunity_stages_opportunity_id_id", "opportunity_stages", ["opportunity_id", "id"])


def _create_leads() -> None:
    op.create_table(
        "leads",
        sa.Column("name", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("company", "phone", "email", "country", "postcode", "source", "notes", "lost_reason")
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("territory_id", db.Id(), nullable=True),
        sa.Column("owner_id", db.Id(), nullable=True),
        *(
            sa.Column(name, db.UtcDateTime(), nullable=True)
            for name in ("assigned_at", "touch_due_at", "first_touched_at", "escalated_at", "converted_at")
        ),
        sa.Column("contact_id", db.Id(), nullable=True),
        sa.Column("account_id", db.Id(), nullable=True),
        sa.Column("opportunity_id", db.Id(), nullable=True),
        *_versioned("leads"),
        sa.CheckConstraint(
            "status IN ('new', 'contacted', 'qualified', 'converted', 'lost')", name=op.f("ck_leads_status")
        ),
        sa.CheckConstraint(
            "lost_reason IN ('not-interested', 'unreachable', 'no-fit', 'competitor', 'duplicate', 'spam', 'other')",
            name=op.f("ck_leads_lost_reason"),
        ),
        _reference("leads", "territory_id", "territories"),
        _reference("leads", "owner_id", "users"),
        _reference("leads", "contact_id", "contacts"),
        _reference("leads", "account_id", "accounts"),
        _reference("leads", "opportunity_id", "opportunities"),
    )
    opened = sa.text("status IN ('new', 'contacted', 'qualified')")
    waiting = sa.text("status = 'new' AND escalated_at IS NULL")
    op.create_index("ix_leads_territory_id_id", "leads", ["territory_id", "id"])
    op.create_index("ix_leads_open", "leads", ["owner_id"], sqlite_where=opened, postgresql_where=opened)
    op.create_index("ix_leads_waiting", "leads", ["touch_due_at"], sqlite_where=waiting, postgresql_where=waiting)
    _create_assignments()


def _create_assignments() -> None:
    op.create_table(
        "lead_assignments",
        sa.Column("lead_id", db.Id(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("territory_id", db.Id(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("owner_id", db.Id(), nullable=True),
        sa.Column("candidates", db.Json, nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        *_row("lead_assignments"),
        sa.CheckConstraint(
            "rule IN ('named', 'maker', 'shared', 'claimed', 'no-territory', 'nobody-covers')",
            name=op.f("ck_lead_assignments_rule"),
        ),
        _reference("lead_assignments", "lead_id", "leads"),
        _reference("lead_assignments", "territory_id", "territories"),
        _reference("lead_assignments", "owner_id", "users"),
    )
    op.create_index("ix_lead_assignments_lead_id_id", "lead_assignments", ["lead_id", "id"])
    op.create_table(
        "lead_turns",
        sa.Column("territory_id", db.Id(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        _reference("lead_turns", "territory_id", "territories"),
        sa.PrimaryKeyConstraint("territory_id", name=op.f("pk_lead_turns")),
    )
    op.create_table(
        "lead_turns_of",
        sa.Column("territory_id", db.Id(), nullable=False),
        sa.Column("user_id", db.Id(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        _reference("lead_turns_of", "territory_id", "territories"),
        _reference("lead_turns_of", "user_id", "users"),
        sa.PrimaryKeyConstraint("territory_id", "user_id", name=op.f("pk_lead_turns_of")),
    )


def _create_targets() -> None:
    op.create_table(
        "targets",
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("user_id", db.Id(), nullable=True),
        sa.Column("territory_id", db.Id(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("goal", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("progress", sa.BigInteger(), nullable=False),
        *_versioned("targets"),
        sa.CheckConstraint(
            "measure IN ('orders-value', 'orders-count', 'new-accounts', 'opportunities-won', 'visits')",
            name=op.f("ck_targets_measure"),
        ),
        sa.CheckConstraint("(team IS NULL) <> (territory_id IS NULL)", name=op.f("ck_targets_whose")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_targets_days")),
        sa.CheckConstraint("goal > 0", name=op.f("ck_targets_goal")),
        _reference("targets", "user_id", "users"),
        _reference("targets", "territory_id", "territories"),
    )
    op.create_index("ix_targets_territory_id_id", "targets", ["territory_id", "id"])
    op.create_index("ix_targets_ends_on", "targets", ["ends_on"])


def _row(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _versioned(table: str) -> list[sa.schema.SchemaItem]:
    return [
        *_row(table),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
    ]


def _reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def _add_reference(table: str, column: str, to: str) -> None:
    """A nullable column with its foreign key, without the copying of the table that SQLite's batch mode would do."""
    kind = "UUID" if op.get_bind().dialect.name == "postgresql" else "BLOB"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {kind} CONSTRAINT fk_{table}_{column}_{to} REFERENCES {to} (id)"
    )
