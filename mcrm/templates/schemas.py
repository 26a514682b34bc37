"""Wire shapes of templates."""

from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.formats import JsonObject, Locale
from mcrm.api.paging import PageQuery, Whole
from mcrm.deliveries.segments import Encoding
from mcrm.templates.catalogue import TemplateChannel

KEY = r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*"
LONGEST_BODY = 2000


class MessageSchema(Schema):
    """A message whose words can be one's own: its variables with their meaning, a sample, the built-in words."""

    key = Str(required=True)
    meaning = Str(required=True)
    variables = JsonObject(required=True)
    sample = JsonObject(required=True)
    subject = Str(required=True)
    body = Str(required=True, max_length=LONGEST_BODY)


class MessagesSchema(Whole):
    """All of them."""

    items = List(Nested(MessageSchema()), required=True)


class LintFindingSchema(Schema):
    """One thing to know about the words of `field`; an error is not saved."""

    code = Str(required=True)
    where = Str(required=True, data_key="field", attribute="field")
    detail = Str(required=True, max_length=1000)
    is_error = Bool(required=True)


class TemplateSchema(Schema):
    """The words of one message on one channel in one language."""

    id = Uuid(required=True)
    rev = Int(required=True)
    key = Str(required=True)
    channel = Enum(TemplateChannel, required=True)
    locale = Locale(required=True)
    subject = Str(required=True, allow_none=True)
    body = Str(required=True, max_length=LONGEST_BODY)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class CheckedTemplateSchema(TemplateSchema):
    """A template, and what there is to know about it."""

    findings = List(Nested(LintFindingSchema()), required=True)


class TemplateInSchema(Schema):
    """New words: `{{ number }}`, `{% if carrier %}…{% endif %}`; the message's variables and no others."""

    key = Str(required=True, max_length=60, pattern=KEY)
    channel = Enum(TemplateChannel, required=True)
    locale = Locale(required=True)
    subject = Str(max_length=100, load_default=None, allow_none=True)
    body = Str(required=True, max_length=LONGEST_BODY)


class TemplateChangeSchema(Schema):
    """What may change of a template."""

    subject = Str(max_length=100, allow_none=True)
    body = Str(max_length=LONGEST_BODY)


class TemplateVersionSchema(Schema):
    """The words as they were; `number` is the `rev` they had."""

    id = Uuid(required=True)
    number = Int(required=True)
    subject = Str(required=True, allow_none=True)
    body = Str(required=True, max_length=LONGEST_BODY)
    changed_by = Str(required=True)
    created_at = AwareDateTime(required=True)


class TemplateQuery(PageQuery):
    """Filters of the list of templates."""

    key = Str(max_length=60, load_default=None)
    channel = Enum(TemplateChannel, load_default=None)
    locale = Locale(load_default=None)


class PreviewInSchema(Schema):
    """With what to fill the words: an order, else a contact's name, else the sample; and words not saved yet."""

    order_id = Uuid(load_default=None, allow_none=True)
    contact_id = Uuid(load_default=None, allow_none=True)
    subject = Str(max_length=100, load_default=None, allow_none=True)
    body = Str(max_length=LONGEST_BODY, load_default=None, allow_none=True)


class PreviewSchema(Schema):
    """What the customer would read; `segments` in the alphabet `encoding` is what a text message would cost."""

    subject = Str(required=True, allow_none=True, max_length=1000)
    body = Str(required=True, max_length=10_000)
    encoding = Enum(Encoding, required=True)
    segments = Int(required=True)
    values = JsonObject(required=True)
    findings = List(Nested(LintFindingSchema()), required=True)
