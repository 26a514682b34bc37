"""Visits with their plans, forms and reports; tasks with reminders; where accounts lie."""

import sqlalchemy as sa
from alembic import op

from mcrm import db

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tables of their own, and two columns of accounts that nobody has filled yet."""
    op.add_column("accounts", sa.Column("lat", sa.Double(), nullable=True))
    op.add_column("accounts", sa.Column("lon", sa.Double(), nullable=True))
    op.create_index("ix_accounts_account_class_id", "accounts", ["account_class", "id"], unique=False)
    _create_visits()
    _create_plans()
    _create_reports()
    _create_tasks()


def _create_plans() -> None:
    op.create_table(
        "visit_cadences",
        sa.Column("account_class", sa.Text(), nullable=False),
        sa.Column("every_days", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("every_days > 0", name=op.f("ck_visit_cadences_every_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_cadences")),
        sa.UniqueConstraint("account_class", name=op.f("uq_visit_cadences_account_class")),
    )
    op.create_table(
        "planned_visits",
        sa.Column("account_id", db.Id(), nullable=False),
        sa.Column("rep_id", db.Id(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("starts_at", db.UtcDateTime(), nullable=True),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("visit_id", db.Id(), nullable=True),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'visited', 'dropped')", name=op.f("ck_planned_visits_state")),
        sa.CheckConstraint("duration_minutes > 0", name=op.f("ck_planned_visits_duration_minutes")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_planned_visits_account_id_accounts")),
        sa.ForeignKeyConstraint(["rep_id"], ["users.id"], name=op.f("fk_planned_visits_rep_id_users")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_planned_visits_visit_id_visits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_visits")),
    )
    op.create_index("ix_planned_visits_account_id_on", "planned_visits", ["account_id", "on"], unique=False)
    op.create_index("ix_planned_visits_rep_id_on", "planned_visits", ["rep_id", "on"], unique=False)


def _create_visits() -> None:
    op.create_table(
        "visits",
        sa.Column("account_id", db.Id(), nullable=False),
        sa.Column("rep_id", db.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("checked_in_at", db.UtcDateTime(), nullable=False),
        sa.Column("checked_out_at", db.UtcDateTime(), nullable=True),
        sa.Column("visited_at", db.UtcDateTime(), nullable=False),
        sa.Column("received_at", db.UtcDateTime(), nullable=False),
        sa.Column("ended_received_at", db.UtcDateTime(), nullable=True),
        sa.Column("clock_skew_s", sa.BigInteger(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("is_mock", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("distance_m", sa.BigInteger(), nullable=True),
        sa.Column("left_distance_m", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('order_taken', 'follow_up', 'no_need', 'service_done', 'refused', 'nobody_there', 'other')",
            name=op.f("ck_visits_outcome"),
        ),
        sa.CheckConstraint("state IN ('open', 'checked_out', 'not_checked_out')", name=op.f("ck_visits_state")),
        sa.CheckConstraint("verdict IN ('inside', 'outside', 'unknown')", name=op.f("ck_visits_verdict")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_visits_account_id_accounts")),
        sa.ForeignKeyConstraint(["rep_id"], ["users.id"], name=op.f("fk_visits_rep_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_account_id_visited_at", "visits", ["account_id", "visited_at"], unique=False)
    op.create_index("ix_visits_rep_id_visited_at", "visits", ["rep_id", "visited_at"], unique=False)
    op.create_index("ix_visits_visited_at", "visits", ["visited_at"], unique=False)
    op.create_index(
        "ix_visits_with_position",
        "visits",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("lat IS NOT NULL"),
        postgresql_where=sa.text("lat IS NOT NULL"),
    )
    op.create_index(
        "uq_visits_open_of_rep",
        "visits",
        ["rep_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _create_reports() -> None:
    op.create_table(
        "visit_forms",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("questions", db.Json, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_forms")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_visit_forms_name_version")),
    )
    op.create_table(
        "visit_reports",
        sa.Column("visit_id", db.Id(), nullable=False),
        sa.Column("form_id", db.Id(), nullable=False),
        sa.Column("answers", db.Json, nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["visit_forms.id"], name=op.f("fk_visit_reports_form_id_visit_forms")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_reports_visit_id_visits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_reports")),
    )
    op.create_index("ix_visit_reports_visit_id_id", "visit_reports", ["visit_id", "id"], unique=False)


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("due_at", db.UtcDateTime(), nullable=True),
        sa.Column("done_at", db.UtcDateTime(), nullable=True),
        sa.Column("account_id", db.Id(), nullable=False),
        sa.Column("contact_id", db.Id(), nullable=True),
        sa.Column("opportunity_id", db.Id(), nullable=True),
        sa.Column("visit_id", db.Id(), nullable=True),
        sa.Column("owner_id", db.Id(), nullable=True),
        sa.Column("repeat_every_days", sa.BigInteger(), nullable=True),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", db.UtcDateTime(), nullable=False),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("repeat_every_days > 0", name=op.f("ck_tasks_repeat_every_days")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tasks_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_tasks_contact_id_contacts")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.id"], name=op.f("fk_tasks_opportunity_id_opportunities")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_tasks_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_account_id_id", "tasks", ["account_id", "id"], unique=False)
    op.create_index("ix_tasks_contact_id", "tasks", ["contact_id"], unique=False)
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["owner_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "task_reminders",
        sa.Column("task_id", db.Id(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("sent_at", db.UtcDateTime(), nullable=True),
        sa.Column("id", db.Id(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_reminders_task_id_tasks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_reminders")),
        sa.UniqueConstraint("task_id", name=op.f("uq_task_reminders_task_id")),
    )
    op.create_index(
        "ix_task_reminders_waiting",
        "task_reminders",
        ["at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
