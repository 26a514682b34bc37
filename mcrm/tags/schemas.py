"""Wire shapes of tags."""

from mcrm.api.fields import List, Schema, Str, Uuid
from mcrm.api.paging import PageQuery


class TagSchema(Schema):
    """A tag that is in use, or once was."""

    id = Uuid(required=True)
    name = Str(required=True, max_length=60)


class TagQuery(PageQuery):
    """Filters of the list of tags."""

    q = Str(max_length=60, load_default=None, metadata={"description": "How the tag begins"})


class TagsSchema(Schema):
    """The tags on one contact or account, in order of the alphabet."""

    tags = List(Str(max_length=60), required=True, max_length=1000)
