"""Duplicates, merging and un-merging over HTTP."""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Area
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, make_cursor, page_of, read_cursor
from mcrm.contacts import service as contacts
from mcrm.contacts.resources import shown
from mcrm.contacts.schemas import ContactSchema
from mcrm.db import reading
from mcrm.duplicates import finding, merging, service
from mcrm.duplicates.schemas import DuplicateSchema, DuplicatesSchema, MergeInSchema, UnmergeInSchema
from mcrm.transaction import perform, transaction

blueprint = Blueprint(
    "duplicates", __name__, url_prefix="/v1", area=Area.CONTACTS, description="People who are in here twice."
)
ORDER = "duplicates"


@blueprint.route("/duplicates", roles=STAFF)
class Duplicates(MethodView):
    """All of them."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(DuplicateSchema()))
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """List pairs that look like one person; a page may be short, or empty, before the last one."""
        after = read_cursor(query["cursor"], ORDER)[0] if query["cursor"] else None
        with reading() as session:
            found, last = finding.all_duplicates(session, current_actor, after=after, limit=query["limit"])
        return {"items": found, "next_cursor": make_cursor([last], ORDER) if last else None}


@blueprint.route("/contacts/<uuid:id>/duplicates", roles=STAFF)
class DuplicatesOfContact(MethodView):
    """What looks like one contact."""

    @blueprint.response(200, DuplicatesSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """List who looks like this contact, with reasons."""
        with reading() as session:
            contact = contacts.reachable(session, current_actor, id)
            return {"items": finding.duplicates_of(session, current_actor, contact)}


@blueprint.route("/contacts/<uuid:id>/duplicates/<uuid:other_id>/dismissal", roles=STAFF)
class Dismissal(MethodView):
    """Two contacts are two people. Said or not said: nothing is edited, so nothing needs an If-Match."""

    @blueprint.response(204)
    def put(self, id: UUID, other_id: UUID) -> None:
        """Say that these are different people: the pair is listed no more."""
        with transaction() as session:
            service.dismiss(session, current_actor, contacts.reachable(session, current_actor, id), other_id)

    @blueprint.response(204)
    def delete(self, id: UUID, other_id: UUID) -> None:
        """Take that back."""
        with transaction() as session:
            service.suspect_again(session, current_actor, contacts.reachable(session, current_actor, id), other_id)


@blueprint.route("/contacts/<uuid:id>/merge", roles=STAFF)
class Merge(MethodView):
    """Two contacts become one person."""

    @blueprint.arguments(MergeInSchema())
    @blueprint.response(200, ContactSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Make another contact the same person as this one; the answer is the contact that survives."""

        def work(session: Session) -> dict[str, Any]:
            contact = contacts.reachable(session, current_actor, id)
            return shown(session, merging.merge(session, current_actor, contact, facts["other_id"]))

        return perform(work)


@blueprint.route("/contacts/<uuid:id>/unmerge", roles=STAFF)
class Unmerge(MethodView):
    """One person becomes two again."""

    @blueprint.arguments(UnmergeInSchema())
    @blueprint.response(200, ContactSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Undo the newest merge of this person, or the newest in which another contact took part."""

        def work(session: Session) -> dict[str, Any]:
            contact = contacts.reachable(session, current_actor, id)
            return shown(session, merging.unmerge(session, current_actor, contact, facts["other_id"]))

        return perform(work)
