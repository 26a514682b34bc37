"""Wire shapes of notes."""

from mcrm.api.fields import AwareDateTime, Schema, Str, Uuid

LONGEST = 4000


class NoteSchema(Schema):
    """A note; it is never edited."""

    id = Uuid(required=True)
    at = AwareDateTime(required=True)
    author = Str(required=True)
    text = Str(required=True, min_length=0, max_length=16_000)
    contact_id = Uuid(required=True, allow_none=True)
    account_id = Uuid(required=True, allow_none=True)


class NoteInSchema(Schema):
    """A new note."""

    text = Str(required=True, max_length=LONGEST)
