"""Consents and suppressions over HTTP. A decision is not an edit: it needs no If-Match, the later word counts."""

import re
from typing import Any
from uuid import UUID

from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm import quiet
from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import whole, whole_of
from mcrm.consents import preferences, resting, service, topics
from mcrm.consents.errors import ChannelUnknown, QuietHoursEndless
from mcrm.consents.models import Consent, SuppressionReason
from mcrm.consents.resting import Rest
from mcrm.consents.schemas import (
    ConsentInSchema,
    ConsentSchema,
    PreferencesSchema,
    QuietHoursInSchema,
    SuppressionInSchema,
    SuppressionsSchema,
)
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact, ContactPoint, PointChannel
from mcrm.db import reading
from mcrm.transaction import perform, transaction

blueprint = Blueprint(
    "consents", __name__, url_prefix="/v1", area=Area.CONSENTS, description="What people allow, and what they stopped."
)
wishes = Blueprint(
    "preferences", __name__, url_prefix="/v1/me/preferences", description="What customers want to hear, and when."
)
own = Blueprint("own-consents", __name__, url_prefix="/v1/me/consents", description="What customers allow.")
PURPOSE = re.compile(r"[a-z][a-z0-9-]{0,39}")


def checked(channel: str, purpose: str) -> tuple[str, str]:
    """The two names of a path; raises ChannelUnknown for a channel that is none and a purpose of another form.

    A purpose may name one of its topics, as `service.parcels` does.
    """
    if channel not in set(PointChannel) or not (purpose in topics.KEYS or PURPOSE.fullmatch(purpose)):
        raise ChannelUnknown
    return channel, purpose


@blueprint.route("/contacts/<uuid:id>/consents", roles=STAFF)
class Consents(MethodView):
    """What a contact allows."""

    @blueprint.response(200, whole_of(ConsentSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List what a contact decided; where nothing stands, nobody asked."""
        with reading() as session:
            contact = contacts.reachable(session, current_actor, id)
            return whole(service.consents_of(session, contacts.member_ids(session, current_actor, contact)))


@blueprint.route("/contacts/<uuid:id>/consents/<channel>/<purpose>", roles=STAFF)
class OneConsent(MethodView):
    """What a contact allows on one channel for one purpose."""

    @blueprint.arguments(ConsentInSchema())
    @blueprint.response(200, ConsentSchema())
    def put(self, decision: dict[str, Any], id: UUID, channel: str, purpose: str) -> Consent:
        """Record what the contact decided, with its proof."""
        channel, purpose = checked(channel, purpose)
        with transaction() as session:
            contact = contacts.reachable(session, current_actor, id)
            about: dict[str, Any] = {"contact_id": contact.id, "channel": channel, "purpose": purpose}
            return service.decide(session, current_actor, **about, **decision)


@blueprint.route("/contact-points/<uuid:id>/suppression", roles=STAFF)
class SuppressionOfPoint(MethodView):
    """Do not contact: stronger than any consent."""

    @blueprint.response(200, SuppressionsSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """Say what stops this address."""
        with reading() as session:
            return _shown(session, contacts.reachable_point(session, current_actor, id))

    @blueprint.arguments(SuppressionInSchema())
    @blueprint.response(200, SuppressionsSchema())
    def put(self, stop: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Stop everything to this address."""
        with transaction() as session:
            point = contacts.reachable_point(session, current_actor, id)
            service.suppress(session, current_actor, point=point, reason=SuppressionReason.STAFF, **stop)
            return _shown(session, point)

    @blueprint.response(204)
    def delete(self, id: UUID) -> None:
        """End the stop that staff set; one that the customer or the carrier set stays theirs."""
        with transaction() as session:
            point = contacts.reachable_point(session, current_actor, id)
            service.lift(session, current_actor, point=point, reasons=[SuppressionReason.STAFF])


@own.route("", roles={Role.CUSTOMER})
class OwnConsents(MethodView):
    """What one allows."""

    @own.response(200, whole_of(ConsentSchema()))
    def get(self) -> dict[str, Any]:
        """List what you decided; where nothing stands, nobody asked."""
        assert current_actor.contact_id is not None
        with reading() as session:
            contact = contacts.reachable(session, current_actor, current_actor.contact_id)
            return whole(service.consents_of(session, contacts.member_ids(session, current_actor, contact)))


@own.route("/<channel>/<purpose>", roles={Role.CUSTOMER})
class OwnConsent(MethodView):
    """What one allows on one channel for one purpose."""

    @own.arguments(ConsentInSchema())
    @own.response(200, ConsentSchema())
    def put(self, decision: dict[str, Any], channel: str, purpose: str) -> Consent:
        """Decide about a purpose, or one of its topics (`service.parcels`); we add session and device to the proof."""
        channel, purpose = checked(channel, purpose)
        assert current_actor.contact_id is not None
        seen = {"via": "app", "session_id": str(current_actor.session_id), "device_id": current_actor.device_id}
        about: dict[str, Any] = {"contact_id": current_actor.contact_id, "channel": channel, "purpose": purpose}
        with transaction() as session:
            proof = decision["proof"] | seen
            return service.decide(session, current_actor, **about, state=decision["state"], proof=proof)


@wishes.route("", roles={Role.CUSTOMER})
class OwnPreferences(MethodView):
    """What one wants to hear."""

    @wishes.response(200, PreferencesSchema())
    def get(self) -> dict[str, Any]:
        """What you want to hear, on which channel, about what, and when you want to be left alone."""
        with reading() as session:
            return _preferences(session, _oneself(session))


@wishes.route("/quiet-hours", roles={Role.CUSTOMER})
class OwnQuietHours(MethodView):
    """When one wants to be left alone."""

    @wishes.arguments(QuietHoursInSchema())
    @wishes.response(200, PreferencesSchema())
    @wishes.alt_response(409, description="They would never end")
    def put(self, times: dict[str, str]) -> dict[str, Any]:
        """Say when you want to be left alone, by your own clock; offers wait, what you wait for comes at once."""
        if times["begins"] == times["ends"]:
            raise QuietHoursEndless(field="ends")
        hours = quiet.read(f"{times['begins']}-{times['ends']}")

        def work(session: Session) -> dict[str, Any]:
            contact = _oneself(session)
            resting.keep_quiet(session, current_actor, contact=contact, hours=hours)
            return _preferences(session, contact)

        return perform(work)

    @wishes.response(204)
    def delete(self) -> None:
        """Forget your own quiet hours: those of the business hold, if it has any."""
        with transaction() as session:
            contact = _oneself(session)
            members = contacts.member_ids(session, current_actor, contact)
            resting.forget_quiet(session, current_actor, contact=contact, members=members)


def _oneself(session: Session) -> Contact:
    assert current_actor.contact_id is not None
    return contacts.reachable(session, current_actor, current_actor.contact_id)


def _preferences(session: Session, contact: Contact) -> dict[str, Any]:
    found = preferences.preferences_of(session, current_actor, contact)
    return {"channels": found.channels, "quiet_hours": shown_rest(found.rest)}


def shown_rest(rest: Rest) -> dict[str, Any] | None:
    """Quiet hours as the wire shows them; None where there are none."""
    if rest.hours is None:
        return None
    times = {"begins": quiet.clock_time(rest.hours.begins), "ends": quiet.clock_time(rest.hours.ends)}
    return times | {"timezone": str(rest.zone), "is_own": rest.is_own}


def _shown(session: Session, point: ContactPoint) -> dict[str, Any]:
    stops = service.suppressions_of(session, point.channel, point.address)
    return {"contact_point_id": point.id, "channel": point.channel, "reasons": sorted(stop.reason for stop in stops)}
