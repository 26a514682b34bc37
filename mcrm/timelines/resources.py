"""Timelines over HTTP: of any contact for staff, of oneself for customers."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import make_cursor, page_of, read_cursor
from mcrm.db import reading
from mcrm.timelines import service
from mcrm.timelines.schemas import HappeningSchema, TimelineQuery

blueprint = Blueprint("timelines", __name__, url_prefix="/v1", area=Area.TIMELINES, description="What happened.")
ORDER = "timeline"


@blueprint.route("/contacts/<uuid:id>/timeline", roles=STAFF)
class TimelineOfContact(MethodView):
    """One contact's."""

    @blueprint.arguments(TimelineQuery(), location="query")
    @blueprint.response(200, page_of(HappeningSchema()))
    def get(self, query: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Everything that happened with a contact on every channel, newest first."""
        return _page(id, **query)


@blueprint.route("/me/timeline", roles={Role.CUSTOMER})
class OwnTimeline(MethodView):
    """One's own."""

    @blueprint.arguments(TimelineQuery(), location="query")
    @blueprint.response(200, page_of(HappeningSchema()))
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """What happened with you, newest first."""
        assert current_actor.contact_id is not None
        return _page(current_actor.contact_id, **query)


def _page(contact_id: UUID, *, limit: int, cursor: str | None, **filters: Any) -> dict[str, Any]:
    before = read_cursor(cursor, ORDER)[0] if cursor is not None else None
    with reading() as session:
        found = service.timeline(
            session, current_actor, contact_id=contact_id, before=before, limit=limit + 1, **filters
        )
    following = make_cursor([found[limit - 1].position], ORDER) if len(found) > limit else None
    return {"items": found[:limit], "next_cursor": following}
