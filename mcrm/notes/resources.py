"""Notes over HTTP."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from mcrm.accounts import service as accounts
from mcrm.actors import STAFF, Area
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, make_cursor, page_of, read_cursor
from mcrm.contacts import service as contacts
from mcrm.db import reading
from mcrm.notes import service
from mcrm.notes.schemas import NoteInSchema, NoteSchema
from mcrm.notes.service import Note
from mcrm.transaction import transaction

blueprint = Blueprint("notes", __name__, url_prefix="/v1", area=Area.CONTACTS, description="What the staff wrote down.")
ORDER = "notes"


@blueprint.route("/contacts/<uuid:id>/notes", roles=STAFF)
class NotesOfContact(MethodView):
    """Notes about a person."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(NoteSchema()))
    def get(self, query: dict[str, Any], id: UUID) -> dict[str, Any]:
        """List the notes about a person, newest first."""
        with reading() as session:
            contact = contacts.reachable(session, current_actor, id)
            person = contacts.member_ids(session, current_actor, contact)
            return _page(service.about_contacts(session, person, **_place(query)), query["limit"])

    @blueprint.arguments(NoteInSchema())
    @blueprint.response(201, NoteSchema())
    def post(self, note: dict[str, Any], id: UUID) -> Note:
        """Write down a note about a contact."""
        with transaction() as session:
            return service.add(session, current_actor, contacts.reachable(session, current_actor, id), note["text"])


@blueprint.route("/accounts/<uuid:id>/notes", roles=STAFF)
class NotesOfAccount(MethodView):
    """Notes about an account."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(NoteSchema()))
    def get(self, query: dict[str, Any], id: UUID) -> dict[str, Any]:
        """List the notes about an account itself, newest first."""
        with reading() as session:
            account = accounts.reachable(session, current_actor, id)
            return _page(service.about_account(session, account.id, **_place(query)), query["limit"])

    @blueprint.arguments(NoteInSchema())
    @blueprint.response(201, NoteSchema())
    def post(self, note: dict[str, Any], id: UUID) -> Note:
        """Write down a note about an account."""
        with transaction() as session:
            return service.add(session, current_actor, accounts.reachable(session, current_actor, id), note["text"])


def _place(query: dict[str, Any]) -> dict[str, Any]:
    cursor = query["cursor"]
    return {"before": read_cursor(cursor, ORDER)[0] if cursor else None, "limit": query["limit"] + 1}


def _page(notes: list[Note], limit: int) -> dict[str, Any]:
    following = make_cursor([notes[limit - 1].position], ORDER) if len(notes) > limit else None
    return {"items": notes[:limit], "next_cursor": following}
