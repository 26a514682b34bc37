"""Wire shapes of duplicates and merges."""

from mcrm.api.fields import Int, List, Nested, Schema, Str, Uuid
from mcrm.api.paging import Whole


class PersonSchema(Schema):
    """Enough of a contact to tell who is meant."""

    id = Uuid(required=True)
    name = Str(required=True)
    number = Str(required=True, allow_none=True)
    account_id = Uuid(required=True)


class DuplicateSchema(Schema):
    """Two contacts that look like one person; `one` is the older."""

    one = Nested(PersonSchema(), required=True)
    other = Nested(PersonSchema(), required=True)
    score = Int(required=True, minimum=0, maximum=100, metadata={"description": "From 50 (worth a look) to 100"})
    reasons = List(
        Str(), required=True, metadata={"description": "In words: `same phone`, `similar name (92 %)`, `same address`"}
    )


class DuplicatesSchema(Whole):
    """What looks like one contact, the likeliest first."""

    items = List(Nested(DuplicateSchema()), required=True)


class MergeInSchema(Schema):
    """Which contact is the same person."""

    other_id = Uuid(required=True)


class UnmergeInSchema(Schema):
    """Which merge to undo: the newest one of the person, or the newest in which this contact took part."""

    other_id = Uuid(load_default=None, allow_none=True)
