"""The own profile over HTTP: name and language, where pushes go to and what became of them, links that join a chat."""

import re
from typing import Any
from uuid import UUID

from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.problems import FieldError, InvalidInput
from mcrm.contacts import devices, linking, service
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import reading
from mcrm.deliveries import reporting
from mcrm.deliveries.models import Delivery
from mcrm.profile.schemas import (
    ChatLinkInSchema,
    ChatLinkSchema,
    LinkedChannel,
    ProfileChangeSchema,
    ProfileSchema,
    PushInSchema,
    PushSchema,
    ReceiptInSchema,
    ReceiptSchema,
)
from mcrm.sync import devices as sync_devices
from mcrm.transaction import perform, transaction

blueprint = Blueprint("profile", __name__, url_prefix="/v1/me", description="What customers see of themselves.")
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
