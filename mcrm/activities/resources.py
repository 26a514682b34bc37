"""Activities over HTTP. What was written down is read on timelines."""

from typing import Any

from flask.views import MethodView

from mcrm.activities import service
from mcrm.activities.schemas import ActivityInSchema, ActivitySchema
from mcrm.activities.service import Activity
from mcrm.actors import STAFF
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.transaction import perform

blueprint = Blueprint(
    "activities", __name__, url_prefix="/v1/activities", description="Notes, calls and meetings, in one call."
)


@blueprint.route("", roles=STAFF)
class Activities(MethodView):
    """All of them."""

    @blueprint.arguments(ActivityInSchema())
    @blueprint.response(201, ActivitySchema())
    def post(self, facts: dict[str, Any]) -> Activity:
        """Write down a note, a call or a meeting, with the next step."""
        step = facts.pop("next_step") or {"title": None, "due_at": None}
        following = {"next_step": step["title"], "due_at": step["due_at"]}
        return perform(lambda session: service.write_down(session, current_actor, **facts, **following))
