"""The own profile over HTTP: name and language, where pushes go to and what became of them, links that join a chat."""

import re
from typing import Any
from uuid import UUID

from flask import current_app
from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.access import codes, counters
from mcrm.access.phrases import code_text
from mcrm.actors import STAFF, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import whole, whole_of
from mcrm.api.problems import FieldError, InvalidInput
from mcrm.cases.models import Case
from mcrm.config import Limits, Settings
from mcrm.consents.resources import shown_rest
from mcrm.contacts import devices, linking, points, service
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import reading
from mcrm.deliveries import reporting
from mcrm.deliveries.models import Delivery
from mcrm.orders.schemas import NothingSchema
from mcrm.profile import chats, home, renewing
from mcrm.profile.errors import ChangeCodeWrong, ChangeLocked, ChannelOff
from mcrm.profile.models import ContactChange
from mcrm.profile.renewing import Progress
from mcrm.profile.schemas import (
    ChangeChannel,
    ChangeCodeSchema,
    ChatLinkInSchema,
    ChatLinkSchema,
    ChatSchema,
    HomeSchema,
    LinkedChannel,
    NewPendingChangeSchema,
    OpenedCaseSchema,
    PendingChangeSchema,
    ProfileChangeSchema,
    ProfileSchema,
    PushInSchema,
    PushSchema,
    ReceiptInSchema,
    ReceiptSchema,
)
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import SENDER_NAME
from mcrm.sync import devices as sync_devices
from mcrm.transaction import perform, transaction

blueprint = Blueprint("profile", __name__, url_prefix="/v1/me", description="What customers see of themselves.")
decided = Blueprint(
    "contact-changes", __name__, url_prefix="/v1/contact-changes", description="Numbers that a person may change."
)
AT_HOME = tuple(name for name in HomeSchema().fields if name != "quiet_hours")
DEVICE_ID = re.compile(r"[!-~]{1,100}")


def own_contact(session: Session) -> Contact:
    """The caller's own contact; raises ContactUnknown once it is gone."""
    assert current_actor.contact_id is not None
    return service.reachable(session, current_actor, current_actor.contact_id)


def _shown(session: Session, contact: Contact) -> dict[str, Any]:
    shown = {name: getattr(contact, name) for name in ("id", "rev", "name", "number", "locale", "timezone")}
    return shown | {"contact_points": service.points_of(session, service.member_ids(session, current_actor, contact))}


@blueprint.route("", roles={Role.CUSTOMER})
@blueprint.etag
class Profile(MethodView):
    """Oneself."""

    @blueprint.response(200, ProfileSchema())
    def get(self) -> dict[str, Any]:
        """Your profile."""
        with reading() as session:
            return _shown(session, own_contact(session))

    @blueprint.arguments(ProfileChangeSchema())
    @blueprint.response(200, ProfileSchema())
    def patch(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change your name, language or time zone."""
        with transaction() as session:
            contact = own_contact(session)
            blueprint.check_etag(contact)
            return _shown(session, service.change(session, current_actor, contact, changes))


@blueprint.route("/home", roles={Role.CUSTOMER})
class HomeView(MethodView):
    """What is going on with oneself."""

    @blueprint.response(200, HomeSchema())
    def get(self) -> dict[str, Any]:
        """What the app shows when it opens: open orders, offers, unread messages, preferences at a glance."""
        with reading() as session:
            found = home.home(session, current_actor, own_contact(session))
        return {name: getattr(found, name) for name in AT_HOME} | {"quiet_hours": shown_rest(found.preferences.rest)}


@blueprint.route("/push-registrations/<device_id>", roles={Role.CUSTOMER, *STAFF})
class PushRegistration(MethodView):
    """One installation of the app. Apps register at every start, so there is nothing to lose by a stale copy."""

    @blueprint.arguments(PushInSchema())
    @blueprint.response(200, PushSchema())
    def put(self, facts: dict[str, Any], device_id: str) -> ContactPoint:
        """Let pushes come to this installation; the staff's are woken when there is something new to sync."""
        if not DEVICE_ID.fullmatch(device_id):
            raise InvalidInput([FieldError("device_id", "pattern", "Must be 1 to 100 printable ASCII characters.")])

        def work(session: Session) -> ContactPoint:
            if current_actor.is_staff:
                return sync_devices.register(session, current_actor, device_id=device_id, **facts)
            contact = own_contact(session)
            return devices.register(session, current_actor, contact=contact, device_id=device_id, **facts)

        return perform(work)

    @blueprint.response(204)
    def delete(self, device_id: str) -> None:
        """No more pushes to this installation: what an app says when its user signs out."""
        with transaction() as session:
            if current_actor.is_staff:
                sync_devices.forget(session, current_actor, device_id=device_id)
            else:
                devices.forget(session, current_actor, contact=own_contact(session), device_id=device_id)


@blueprint.route("/deliveries/<uuid:id>/receipt", roles={Role.CUSTOMER})
class PushReceipt(MethodView):
    """What became of a push, or of an answer in the chat, of which only the app can tell."""

    @blueprint.arguments(ReceiptInSchema())
    @blueprint.response(201, ReceiptSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Delivery:
        """Tell that a push came or was opened, or an answer in the chat was shown. Twice is once.

        `id` is the `delivery_id` in the push's data, or the id of the answer in the conversation.
        """
        return perform(lambda session: reporting.report(session, current_actor, id, **facts))


@blueprint.route("/chat-links", roles={Role.CUSTOMER})
class ChatLinks(MethodView):
    """Ways to join a chat with oneself."""

    @blueprint.arguments(ChatLinkInSchema())
    @blueprint.response(201, ChatLinkSchema())
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Make a one-time link: whoever opens the chat with its token is you."""
        channel: LinkedChannel = facts["channel"]
        with transaction() as session:
            contact = own_contact(session)
            token = linking.new_link(session, current_actor, contact_id=contact.id, channel=channel.value)
        return {"channel": channel, "token": token, "expires_in_s": int(linking.LIFETIME.total_seconds())}


@blueprint.route("/chats", roles={Role.CUSTOMER})
class Chats(MethodView):
    """The chats joined with oneself."""

    @blueprint.response(200, whole_of(ChatSchema()))
    def get(self) -> dict[str, Any]:
        """List the chats that are joined with you."""
        with reading() as session:
            found = chats.chats_of(session, current_actor, own_contact(session))
        return whole([_chat(one) for one in found])


@blueprint.route("/chats/<uuid:id>", roles={Role.CUSTOMER})
class OneChat(MethodView):
    """One of them."""

    @blueprint.response(204)
    def delete(self, id: UUID) -> None:
        """Let a chat go: who writes there is a stranger again; a STOP on it stays."""
        with transaction() as session:
            chats.unlink(session, current_actor, id)


@blueprint.route("/contact-changes", roles={Role.CUSTOMER})
class ContactChanges(MethodView):
    """Another phone number, another mail address."""

    @blueprint.arguments(NewPendingChangeSchema())
    @blueprint.response(201, PendingChangeSchema())
    @blueprint.alt_response(409, description="It is yours already, or no code can go to such an address")
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Begin to change your number or mail address: a code goes to the one on file and one to the new one."""
        settings: Settings = current_app.config["SETTINGS"]
        channel: str = facts["channel"].value
        if channel not in settings.channels | {ChangeChannel.SMS.value}:  # texts leave, or nobody could sign in
            raise ChannelOff
        address = points.normalise(channel, facts["address"], region=settings.default_region)

        def work(session: Session) -> dict[str, Any]:
            change = renewing.start(
                session,
                current_actor,
                contact=own_contact(session),
                channel=channel,
                address=address,
                text=code_text(_business(session), settings.limits.otp_seconds),
                limits=settings.limits,
            )
            return _change(session, change)

        return perform(work)


@blueprint.route("/contact-changes/<uuid:id>/confirmation", roles={Role.CUSTOMER})
class ContactChangeConfirmation(MethodView):
    """The code that came."""

    @blueprint.arguments(ChangeCodeSchema())
    @blueprint.response(201, PendingChangeSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Prove one of the two addresses; with the second one it is changed, and you are signed out everywhere else."""
        limits: Limits = current_app.config["SETTINGS"].limits

        def work(session: Session) -> tuple[Progress, dict[str, Any]]:
            asked = {**facts, "business": _business(session), "limits": limits}
            progress = renewing.confirm(session, current_actor, id, **asked)
            return progress, _change(session, progress.change)

        progress, shown = perform(work)  # a wrong code is counted, so its transaction commits
        if progress.is_locked:
            raise ChangeLocked(retry_after_s=counters.seconds_left(codes.LOCK))
        if not progress.is_right:
            raise ChangeCodeWrong(field="code")
        return shown


@blueprint.route("/contact-changes/<uuid:id>/case", roles={Role.CUSTOMER})
class ContactChangeCase(MethodView):
    """The old one is lost."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, OpenedCaseSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> Case:
        """Say that the address on file is lost; once the new one is proved, a person decides."""
        return perform(lambda session: renewing.ask_person(session, current_actor, id))


@decided.route("/<uuid:id>/approval", roles={Role.ADMIN, Role.MANAGER})
class ContactChangeApproval(MethodView):
    """It is really them."""

    @decided.arguments(NothingSchema())
    @decided.response(201, PendingChangeSchema())
    @decided.alt_response(409, description="The new address is not proved, or nobody asked for a person")
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Make a customer's change whose former address is lost; the customer is signed out everywhere."""

        def work(session: Session) -> dict[str, Any]:
            granted = renewing.grant(session, current_actor, id, business=_business(session))
            return _change(session, granted)

        return perform(work)


def _business(session: Session) -> str:
    """How the business signs."""
    name: str = settings_store.value(session, SENDER_NAME) or current_app.config["SETTINGS"].business_name
    return name


def _change(session: Session, change: ContactChange) -> dict[str, Any]:
    new = session.get_one(ContactPoint, change.new_point_id)
    proved = {"is_old_proved": change.old_verified_at is not None, "is_new_proved": change.new_verified_at is not None}
    times = {"expires_at": change.expires_at, "done_at": change.done_at}
    return {"id": change.id, "channel": ChangeChannel(new.channel), "address": new.address} | proved | times


def _chat(chat: chats.Chat) -> dict[str, Any]:
    point = chat.point
    seen = {"id": point.id, "channel": LinkedChannel(point.channel), "last_seen_at": point.last_seen_at}
    return seen | {"linked_at": point.created_at, "is_stopped": chat.is_stopped}
