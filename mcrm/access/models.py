"""Users, sessions, one-time codes and the counters that hold across processes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.actors import STAFF
from mcrm.db import Base, Id, Row, Synced


class User(Synced):
    """Somebody of the business who logs in. `email` is stored in lower case."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ({})".format(", ".join(sorted(f"'{role.value}'" for role in STAFF))), name="role"),
    )

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    team: Mapped[str | None]
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)


class SignIn(Row):
    """One device's session, of a user or of a customer; ending it kills its refresh and its access tokens.

    `refresh_digest` is the current refresh token's, `previous_digest` the one before, which the same device may use
    once more within the grace after `rotated_at` (its reply was lost); any other use of it revokes the session.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (contact_id IS NULL)", name="holder"),
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_contact_id", "contact_id"),
        Index("ix_sessions_previous_digest", "previous_digest"),
    )

    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    device_id: Mapped[str]
    device_name: Mapped[str | None]
    platform: Mapped[str | None]
    refresh_digest: Mapped[str] = mapped_column(unique=True)
    previous_digest: Mapped[str | None]
    rotated_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]


class PasswordReset(Row):
    """A one-time token for a new password; only its digest is kept."""

    __tablename__ = "password_resets"
    __table_args__ = (Index("ix_password_resets_user_id", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"))
    digest: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OtpChallenge(Row):
    """A one-time code sent to an address; only its digest is kept. Tries are counted before they are judged."""

    __tablename__ = "otp_challenges"
    __table_args__ = (Index("ix_otp_challenges_contact_point_id", "contact_point_id", "purpose"),)

    contact_point_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contact_points.id"))
    purpose: Mapped[str]
    subject: Mapped[str | None]
    code_digest: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Counter(Base):
    """How often something was tried within a window; `name` says what, `key` by whom (a digest, never an address)."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class IdempotencyKey(Row):
    """The answer kept for a write, stored in the transaction of its effect. `actor` scopes the key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("actor", "method", "path", "key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )

    actor: Mapped[str]
    method: Mapped[str]
    path: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    status: Mapped[int]
    headers: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
