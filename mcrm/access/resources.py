"""Signing in and out, one's own sessions, and the users."""

from typing import Any
from uuid import UUID

from flask import Response, current_app, request
from flask.views import MethodView

from mcrm.access import login, passwords, recovery, sessions, users
from mcrm.access.models import User
from mcrm.access.phrases import code_text
from mcrm.access.schemas import (
    LoginSchema,
    NewUserSchema,
    OfferedResetSchema,
    OtpSchema,
    OtpVerifySchema,
    OwnPasswordSchema,
    OwnUserSchema,
    PairSchema,
    RefreshSchema,
    ResetSchema,
    SessionSchema,
    SessionsSchema,
    UnderWaySchema,
    UserChangeSchema,
    UserQuery,
    UserSchema,
)
from mcrm.access.sessions import Device, Pair
from mcrm.actors import STAFF, Role, Scope
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of, whole, whole_of
from mcrm.api.requestid import request_id
from mcrm.api.rows import compile_rows
from mcrm.config import Settings
from mcrm.contacts import service as contacts
from mcrm.db import reading
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import SENDER_NAME
from mcrm.territories import service as territories
from mcrm.territories.models import Territory
from mcrm.territories.schemas import GrantSchema
from mcrm.transaction import transaction

signing_in = Blueprint("auth", __name__, url_prefix="/v1/auth", description="Signing in and out.", replays=False)
own = Blueprint("sessions", __name__, url_prefix="/v1/me/sessions", description="Where one is signed in.")
password = Blueprint("password", __name__, url_prefix="/v1/me/password", description="One's own password.")
staff = Blueprint("users", __name__, url_prefix="/v1/users", description="Who works here.")
oneself = Blueprint("oneself", __name__, url_prefix="/v1/staff/me", description="Who one is, for staff.")
customers = Blueprint("sign-ins", __name__, url_prefix="/v1/contacts", description="Where customers are signed in.")
EVERYBODY = STAFF | {Role.CUSTOMER}
ONE_USER = UserSchema()
BY_ID = [User.id]
ROWS = compile_rows(ONE_USER, User)
STORED = tuple(name for name in SessionSchema().fields if name != "is_current")


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _ip() -> str:
    return request.remote_addr or "unknown"


@signing_in.route("/login", public=True)
class Login(MethodView):
    """Staff."""

    @signing_in.arguments(LoginSchema())
    @signing_in.response(200, PairSchema())
    @signing_in.alt_response(401)
    def post(self, facts: dict[str, Any]) -> Pair:
        """Sign in with e-mail and password."""
        return login.login(
            _settings(), email=facts["email"], password=facts["password"], device=Device(**facts["device"]), ip=_ip()
        )


@signing_in.route("/otp", public=True)
class Otp(MethodView):
    """Customers, first step."""

    @signing_in.arguments(OtpSchema())
    @signing_in.response(202, UnderWaySchema())
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Ask for a code by text; the answer is the same whether or not the number is known."""
        settings = _settings()
        with reading() as session:
            sender = settings_store.value(session, SENDER_NAME) or settings.business_name
        text = code_text(sender, settings.limits.otp_seconds)
        login.request_code(settings, phone=facts["phone"], ip=_ip(), text=text)
        return {}


@signing_in.route("/otp/verify", public=True)
class OtpVerify(MethodView):
    """Customers, second step."""

    @signing_in.arguments(OtpVerifySchema())
    @signing_in.response(200, PairSchema())
    @signing_in.alt_response(401)
    def post(self, facts: dict[str, Any]) -> Pair:
        """Sign in with the code."""
        device = Device(**facts["device"])
        return login.verify_code(_settings(), phone=facts["phone"], code=facts["code"], device=device, ip=_ip())


@signing_in.route("/refresh", public=True)
class Refresh(MethodView):
    """Every device, every quarter of an hour."""

    @signing_in.arguments(RefreshSchema())
    @signing_in.response(200, PairSchema())
    @signing_in.alt_response(401)
    def post(self, facts: dict[str, Any]) -> Pair:
        """The next pair; a refresh token that was used before ends its session."""
        return login.refreshed(_settings(), refresh_token=facts["refresh_token"])


@signing_in.route("/password-reset", public=True)
class PasswordReset(MethodView):
    """Staff who forgot it."""

    @signing_in.arguments(ResetSchema())
    @signing_in.response(204)
    @signing_in.alt_response(401)
    @signing_in.alt_response(403, description="The password is too easy to guess")
    def post(self, facts: dict[str, Any]) -> None:
        """Set a new password by the one-time token; all your sessions end."""
        recovery.redeem(_settings().limits, ip=_ip(), request_id=request_id(), **facts)


@signing_in.route("/logout", roles=EVERYBODY)
class Logout(MethodView):
    """The end of a session."""

    @signing_in.response(204)
    def post(self) -> None:
        """End this device's session: its tokens stop working at once."""
        session_id = current_actor.session_id
        assert session_id is not None
        with transaction() as session:
            sessions.end(session, current_actor, session_id=session_id)


@own.route("", roles=EVERYBODY)
class Sessions(MethodView):
    """Where one is signed in."""

    @own.response(200, SessionsSchema())
    def get(self) -> dict[str, Any]:
        """One's own open sessions."""
        with reading() as session:
            open_ones = sessions.of_actor(session, current_actor)
        here = current_actor.session_id
        return {"items": [{**{n: getattr(one, n) for n in STORED}, "is_current": one.id == here} for one in open_ones]}

    @own.response(204)
    def delete(self) -> None:
        """Sign out everywhere but here; pushes to those devices stop."""
        with transaction() as session:
            sessions.end_others(session, current_actor)


@own.route("/<uuid:session_id>", roles=EVERYBODY)
class OneSession(MethodView):
    """One device."""

    @own.response(204)
    def delete(self, session_id: UUID) -> None:
        """Sign another device out (a lost phone); pushes to it stop."""
        with transaction() as session:
            sessions.end(session, current_actor, session_id=session_id)


@password.route("", roles=STAFF)
class OwnPassword(MethodView):
    """There is one, and nobody reads it."""

    @password.arguments(OwnPasswordSchema())
    @password.response(204)
    def put(self, facts: dict[str, Any]) -> None:
        """Change your password; all your sessions end, this one too."""
        recovery.change_own(_settings().limits, current_actor, **facts)


@oneself.route("", roles=STAFF)
@oneself.etag
class Oneself(MethodView):
    """Whose token this is."""

    @oneself.response(200, OwnUserSchema())
    def get(self) -> dict[str, Any]:
        """Who you are, what you are here for, and which territories you see."""
        assert current_actor.id is not None
        with reading() as session:
            user = users.get(session, current_actor.id)
            shown = {name: getattr(user, name) for name in ONE_USER.fields}
            seen = territories.territories_of(current_actor) if current_actor.scope is Scope.TERRITORY else None
            granted = [] if seen is None else session.scalars(seen.order_by(Territory.name)).all()
            names = [{"id": one.id, "name": one.name} for one in granted]
            return shown | {"scope": current_actor.scope, "territories": names}


@customers.route("/<uuid:id>/sessions", roles={Role.ADMIN})
class SessionsOfCustomer(MethodView):
    """Where a customer is signed in."""

    @customers.response(204)
    def delete(self, id: UUID) -> None:
        """Sign a customer out everywhere (a lost phone); pushes to those devices stop."""
        with transaction() as session:
            contact = contacts.reachable(session, current_actor, id)
            users.sign_out_customer(session, current_actor, contact)


@staff.route("", roles={Role.ADMIN})
class Users(MethodView):
    """All of them."""

    @staff.arguments(UserQuery(), location="query")
    @staff.response(200, page_of(UserSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """The users, oldest first; those of a role, a team, active or not, or with words in name or e-mail."""
        where = {"limit": query.pop("limit"), "cursor": query.pop("cursor")}
        return ROWS.listed(users.listed(**query), BY_ID, **where)

    @staff.etag
    @staff.arguments(NewUserSchema())
    @staff.response(201, ONE_USER)
    def post(self, facts: dict[str, Any]) -> User:
        """Create a user."""
        password_hash = passwords.hashed(facts.pop("password"))
        with transaction() as session:
            return users.create(session, current_actor, password_hash=password_hash, **facts)


@staff.route("/<uuid:user_id>", roles={Role.ADMIN})
class OneUser(MethodView):
    """One of them."""

    @staff.etag
    @staff.response(200, ONE_USER)
    def get(self, user_id: UUID) -> User:
        """A user."""
        with reading() as session:
            return users.get(session, user_id)

    @staff.etag
    @staff.arguments(UserChangeSchema())
    @staff.response(200, ONE_USER)
    def patch(self, facts: dict[str, Any], user_id: UUID) -> User:
        """Change a user; shutting out, a new role or a new password ends all sessions."""
        if "password" in facts:
            facts["password_hash"] = passwords.hashed(facts.pop("password"))
        with transaction() as session:
            user = users.get(session, user_id)
            staff.check_etag(user)
            return users.change(session, current_actor, user, **facts)


@staff.route("/<uuid:user_id>/password-reset", roles={Role.ADMIN})
class OfferedReset(MethodView):
    """The way back in."""

    @staff.response(201, OfferedResetSchema())
    def post(self, user_id: UUID) -> dict[str, Any]:
        """A one-time token for a new password, good for an hour; hand it to the user yourself."""
        with transaction() as session:
            reset, token = recovery.offer(session, current_actor, users.get(session, user_id))
            return {"token": token, "expires_at": reset.expires_at}


@staff.route("/<uuid:user_id>/sessions", roles={Role.ADMIN})
class SessionsOfUser(MethodView):
    """Where somebody is signed in."""

    @staff.response(204)
    def delete(self, user_id: UUID) -> None:
        """Sign a user out everywhere (a lost phone)."""
        with transaction() as session:
            users.sign_out(session, current_actor, users.get(session, user_id))


@staff.route("/<uuid:user_id>/grants", roles={Role.ADMIN, Role.MANAGER})
class GrantsOfUser(MethodView):
    """What somebody may see."""

    @staff.response(200, whole_of(GrantSchema()))
    def get(self, user_id: UUID) -> dict[str, Any]:
        """List the territories that a user may see."""
        with reading() as session:
            return whole(territories.grants_of(session, users.get(session, user_id).id))
