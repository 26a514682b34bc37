"""The agents' inbox over HTTP; its live stream, `GET /v1/inbox/events`, is served by the edge."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response, current_app
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, make_cursor, page_of, read_cursor
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.deliveries.models import Delivery
from mcrm.inbox import answering, canned, containment, presence, thread
from mcrm.inbox.errors import PeriodUnfit
from mcrm.inbox.models import GOING_ON, CannedReply, Handover
from mcrm.inbox.presence import DESK
from mcrm.inbox.schemas import (
    AgentsSchema,
    BeginningSchema,
    CannedReplyChangeSchema,
    CannedReplyInSchema,
    CannedReplyQuery,
    CannedReplySchema,
    ContainmentQuery,
    ContainmentSchema,
    DeskNoteInSchema,
    DeskNoteSchema,
    FilledRepliesSchema,
    GlanceSchema,
    HandoverQuery,
    HandoverSchema,
    PresenceInSchema,
    PresenceSchema,
    ReplySchema,
    ResolutionSchema,
    SaidSchema,
    TakeoverSchema,
    ThreadItemSchema,
    TransferSchema,
)
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import SENDER_NAME
from mcrm.transaction import perform

blueprint = Blueprint("inbox", __name__, url_prefix="/v1/inbox", description="Conversations that a person answers.")
canned_replies = Blueprint(
    "canned-replies", __name__, url_prefix="/v1/canned-replies", description="Words that agents need often."
)
TABLE, CANNED = Handover.__table__, CannedReply.__table__
ROWS, CANNED_ROWS = compile_rows(HandoverSchema(), TABLE), compile_rows(CannedReplySchema(), CANNED)
COLUMNS, CANNED_COLUMNS = select(*ROWS.columns), select(*CANNED_ROWS.columns)
FILTERS = ("state", "queue", "agent_id", "contact_id")
WRITERS = frozenset({Role.ADMIN, Role.MANAGER})
ORDER = "thread"
LONGEST_REPORT = timedelta(days=92)


@blueprint.route("/handovers", roles=DESK)
class Handovers(MethodView):
    """All of them."""

    @blueprint.arguments(HandoverQuery(), location="query")
    @blueprint.response(200, page_of(HandoverSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List hand-overs, newest first: the queue, one's own, those of a customer."""
        found = COLUMNS
        for name in FILTERS:
            if (value := query.pop(name)) is not None:
                found = found.where(TABLE.c[name] == value)
        if (going_on := query.pop("going_on")) is not None:
            found = found.where(GOING_ON if going_on else TABLE.c.ended_at.is_not(None))
        return ROWS.listed(found, [TABLE.c.id.desc()], **query)

    @blueprint.arguments(BeginningSchema())
    @blueprint.response(201, HandoverSchema())
    def post(self, facts: dict[str, Any]) -> Handover:
        """Answer a customer who did not ask for a person; the bot is silent from now on."""
        return perform(lambda session: answering.start(session, current_actor, **facts))


@blueprint.route("/handovers/<uuid:id>", roles=DESK)
@blueprint.etag
class OneHandover(MethodView):
    """One of them."""

    @blueprint.response(200, HandoverSchema())
    def get(self, id: UUID) -> Handover:
        """One hand-over."""
        with reading() as session:
            return answering.get(session, id)


@blueprint.route("/handovers/<uuid:id>/thread", roles=DESK)
class Thread(MethodView):
    """What was said."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(ThreadItemSchema()))
    def get(self, query: dict[str, Any], id: UUID) -> dict[str, Any]:
        """All that was said and done on every channel, newest first; a message says what became of it."""
        limit, cursor = query["limit"], query["cursor"]
        before = read_cursor(cursor, ORDER)[0] if cursor is not None else None
        with reading() as session:
            handover = answering.get(session, id)
            found = thread.thread(session, current_actor, handover, before=before, limit=limit + 1)
            names = thread.names_of(session, found)
        items = [
            {name: getattr(one, name) for name in one.__slots__} | {"name": names.get(one.actor)}
            for one in found[:limit]
        ]
        following = make_cursor([found[limit - 1].position], ORDER) if len(found) > limit else None
        return {"items": items, "next_cursor": following}


@blueprint.route("/handovers/<uuid:id>/customer", roles=DESK)
class Customer(MethodView):
    """Who it is."""

    @blueprint.response(200, GlanceSchema())
    def get(self, id: UUID) -> thread.Glance:
        """The customer at a glance: addresses, orders, consents, open cases."""
        with reading() as session:
            return thread.glance(session, answering.get(session, id))


@blueprint.route("/handovers/<uuid:id>/canned-replies", roles=DESK)
class Filled(MethodView):
    """Ready-made words."""

    @blueprint.response(200, FilledRepliesSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """The canned replies in the customer's language, filled in."""
        with reading() as session:
            handover = answering.get(session, id)
            return {"items": canned.filled(session, current_actor, handover, business=_business(session))}


@blueprint.route("/handovers/<uuid:id>/assignment", roles=DESK)
class Assignment(MethodView):
    """It is mine."""

    @blueprint.response(201, HandoverSchema())
    @blueprint.alt_response(409, description="A colleague has it, or it is over")
    def post(self, id: UUID) -> Handover:
        """Take a conversation that waits; of two who do at once, one gets it."""
        return perform(lambda session: answering.take(session, current_actor, id))


@blueprint.route("/handovers/<uuid:id>/transfer", roles=DESK)
class Transfer(MethodView):
    """It is somebody else's."""

    @blueprint.arguments(TransferSchema())
    @blueprint.response(201, HandoverSchema())
    @blueprint.alt_response(409, description="A colleague answers it, or it is over")
    def post(self, facts: dict[str, Any], id: UUID) -> Handover:
        """Pass on a conversation that waits or is one's own, to a colleague or into a queue."""
        return perform(lambda session: answering.transfer(session, current_actor, id, **facts))


@blueprint.route("/handovers/<uuid:id>/takeover", roles=DESK)
class Takeover(MethodView):
    """It was a colleague's."""

    @blueprint.arguments(TakeoverSchema())
    @blueprint.response(201, HandoverSchema())
    @blueprint.alt_response(409, description="Its agent is present with a hand free, or it is over")
    def post(self, facts: dict[str, Any], id: UUID) -> Handover:
        """Take a conversation from a colleague, who is told; an agent may when the colleague is away or overrun."""
        return perform(lambda session: answering.take_over(session, current_actor, id, **facts))


@blueprint.route("/handovers/<uuid:id>/messages", roles=DESK)
class Messages(MethodView):
    """What is answered."""

    @blueprint.arguments(ReplySchema())
    @blueprint.response(201, SaidSchema())
    @blueprint.alt_response(409, description="A colleague answers it, or it is over")
    def post(self, facts: dict[str, Any], id: UUID) -> Delivery:
        """Answer the customer on the channel of their last message."""

        def work(session: Session) -> Delivery:
            return answering.reply(session, current_actor, id, business=_business(session), **facts)

        return perform(work)


@blueprint.route("/handovers/<uuid:id>/notes", roles=DESK)
class Notes(MethodView):
    """What colleagues should know."""

    @blueprint.arguments(DeskNoteInSchema())
    @blueprint.response(201, DeskNoteSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Write down a note that the customer never sees."""
        return {"id": perform(lambda session: answering.note(session, current_actor, id, **facts)), **facts}


@blueprint.route("/handovers/<uuid:id>/resolution", roles=DESK)
class Resolution(MethodView):
    """It is settled."""

    @blueprint.arguments(ResolutionSchema())
    @blueprint.response(201, HandoverSchema())
    @blueprint.alt_response(409, description="A colleague answers it, or it is over")
    def post(self, facts: dict[str, Any], id: UUID) -> Handover:
        """Settle a conversation; the bot answers again, and the customer is asked once how it was."""

        def work(session: Session) -> Handover:
            return answering.resolve(session, current_actor, id, business=_business(session), **facts)

        return perform(work)


@blueprint.route("/handovers/<uuid:id>/return", roles=DESK)
class Return(MethodView):
    """Back to the bot."""

    @blueprint.response(201, HandoverSchema())
    @blueprint.alt_response(409, description="A colleague answers it, or it is over")
    def post(self, id: UUID) -> Handover:
        """Let the bot answer again, without settling anything."""
        return perform(lambda session: answering.give_back(session, current_actor, id))


@blueprint.route("/presence", roles=DESK)
class Presence(MethodView):
    """Being there."""

    @blueprint.arguments(PresenceInSchema())
    @blueprint.response(200, PresenceSchema())
    def put(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Be present for the next ninety seconds, so that conversations may be given to you; or go."""

        def work(session: Session) -> dict[str, Any]:
            if facts["is_present"]:
                return {"until": presence.arrive(session, current_actor).until}
            presence.leave(session, current_actor)
            return {"until": None}

        return perform(work)


@blueprint.route("/agents", roles=DESK)
class Agents(MethodView):
    """Who is there."""

    @blueprint.response(200, AgentsSchema())
    def get(self) -> dict[str, Any]:
        """Who is present, the least busy first."""
        with reading() as session:
            return {"items": presence.present(session)}


@blueprint.route("/containment", roles=WRITERS)
class Containment(MethodView):
    """What the bot settles."""

    @blueprint.arguments(ContainmentQuery(), location="query")
    @blueprint.response(200, ContainmentSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """How much the bot solved, handed over and lost, by what customers wanted."""
        if not timedelta(0) < query["until"] - query["since"] <= LONGEST_REPORT:
            raise PeriodUnfit(field="until")
        with reading() as session:
            return {"items": containment.report(session, **query)}


@canned_replies.route("", roles=DESK)
class CannedReplies(MethodView):
    """All of them."""

    @canned_replies.arguments(CannedReplyQuery(), location="query")
    @canned_replies.response(200, page_of(CannedReplySchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the canned replies by name."""
        found = CANNED_COLUMNS
        if (locale := query.pop("locale")) is not None:
            found = found.where(CANNED.c.locale == locale)
        return CANNED_ROWS.listed(found, [CANNED.c.name, CANNED.c.id], **query)

    @canned_replies.allow(*WRITERS)
    @canned_replies.arguments(CannedReplyInSchema())
    @canned_replies.response(201, CannedReplySchema())
    def post(self, reply: dict[str, Any]) -> CannedReply:
        """Keep words under a name."""
        return perform(lambda session: canned.add(session, current_actor, **reply))


@canned_replies.route("/<uuid:id>", roles=WRITERS)
@canned_replies.etag
class OneCannedReply(MethodView):
    """One of them."""

    @canned_replies.allow(*DESK)
    @canned_replies.response(200, CannedReplySchema())
    def get(self, id: UUID) -> CannedReply:
        """One canned reply."""
        with reading() as session:
            return canned.get(session, id)

    @canned_replies.arguments(CannedReplyChangeSchema())
    @canned_replies.response(200, CannedReplySchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> CannedReply:
        """Change canned words."""

        def work(session: Session) -> CannedReply:
            reply = canned.get(session, id)
            canned_replies.check_etag(reply)
            return canned.change(session, current_actor, reply, dict(changes))

        return perform(work)

    @canned_replies.response(204)
    def delete(self, id: UUID) -> None:
        """Forget canned words."""

        def work(session: Session) -> None:
            reply = canned.get(session, id)
            canned_replies.check_etag(reply)
            canned.remove(session, current_actor, reply)

        perform(work)


def _business(session: Session) -> str:
    """Who signs what customers get."""
    return str(settings_store.value(session, SENDER_NAME) or current_app.config["SETTINGS"].business_name)
