"""The wire shapes of signing in and of users."""

from mcrm.actors import Role, Scope
from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery, Whole

STAFF_ROLES = "admin|manager|rep|agent"


class DeviceSchema(fields.Schema):
    """The device that signs in, as it names itself."""

    id = fields.Str(required=True, max_length=100)
    name = fields.Str(max_length=100, load_default=None, allow_none=True)
    platform = fields.Str(max_length=20, load_default=None, allow_none=True)


class LoginSchema(fields.Schema):
    """A user's sign-in."""

    email = fields.Str(required=True, max_length=254)
    password = fields.Str(required=True, max_length=200)
    device = fields.Nested(DeviceSchema(), required=True)


class OtpSchema(fields.Schema):
    """A customer asks for a code."""

    phone = fields.Str(required=True, max_length=40)


class UnderWaySchema(fields.Schema):
    """An empty object: whether a text goes out is nobody's to see."""


class OtpVerifySchema(fields.Schema):
    """A customer signs in with the code."""

    phone = fields.Str(required=True, max_length=40)
    code = fields.Str(required=True, max_length=20)
    device = fields.Nested(DeviceSchema(), required=True)


class RefreshSchema(fields.Schema):
    """A device asks for its next pair."""

    refresh_token = fields.Str(required=True, max_length=300)


class PairSchema(fields.Schema):
    """Tokens of a session."""

    access_token = fields.Str(required=True, max_length=2048)
    token_type = fields.Str(required=True)
    expires_in_s = fields.Int(required=True)
    refresh_token = fields.Str(required=True, max_length=300)


class SessionSchema(fields.Schema):
    """One of one's own sessions; `device_id` as the device named itself."""

    id = fields.Uuid(required=True)
    device_id = fields.Str(required=True)
    device_name = fields.Str(required=True, allow_none=True)
    platform = fields.Str(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    last_seen_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    is_current = fields.Bool(required=True, metadata={"description": "Whether it is the one that asks"})


class SessionsSchema(Whole):
    """One's own open sessions."""

    items = fields.List(fields.Nested(SessionSchema()), required=True, max_length=1000)


class UserSchema(fields.Schema):
    """Somebody of the business."""

    id = fields.Uuid(required=True)
    rev = fields.Int(required=True)
    email = formats.Email(required=True)
    name = fields.Str(required=True)
    role = fields.Enum(Role, required=True)
    team = fields.Str(required=True, allow_none=True)
    locale = formats.Locale(required=True, allow_none=True)
    is_active = fields.Bool(required=True)
    created_at = fields.AwareDateTime(required=True)


class OwnTerritorySchema(fields.Schema):
    """A territory that somebody sees."""

    id = fields.Uuid(required=True)
    name = fields.Str(required=True)


class OwnUserSchema(UserSchema):
    """Who one is, and how far one sees; `territories` are those granted, for whom `scope` says so."""

    scope = fields.Enum(Scope, required=True)
    territories = fields.List(fields.Nested(OwnTerritorySchema()), required=True, max_length=1000)


class NewUserSchema(fields.Schema):
    """A user to be created."""

    email = formats.Email(required=True)
    name = fields.Str(required=True)
    role = fields.Str(required=True, pattern=STAFF_ROLES)
    password = fields.Str(required=True, min_length=10, load_only=True)
    team = fields.Str(load_default=None, allow_none=True)
    locale = formats.Locale(load_default=None, allow_none=True)


class UserChangeSchema(fields.Schema):
    """What may change of a user."""

    name = fields.Str()
    role = fields.Str(pattern=STAFF_ROLES)
    team = fields.Str(allow_none=True)
    locale = formats.Locale(allow_none=True)
    is_active = fields.Bool()
    password = fields.Str(min_length=10, load_only=True)


class UserQuery(PageQuery):
    """Filters of the list of users."""

    role = fields.Str(pattern=STAFF_ROLES, load_default=None)
    team = fields.Str(load_default=None)
    is_active = fields.Bool(load_default=None)
    q = fields.Str(max_length=100, load_default=None, metadata={"description": "Part of name or e-mail"})


class OwnPasswordSchema(fields.Schema):
    """A new password of one's own, by the old one."""

    old_password = fields.Str(required=True, max_length=200, load_only=True)
    new_password = fields.Str(required=True, min_length=10, load_only=True)


class OfferedResetSchema(fields.Schema):
    """A one-time token for a new password; it stands in this answer alone."""

    token = fields.Str(required=True)
    expires_at = fields.AwareDateTime(required=True)


class ResetSchema(fields.Schema):
    """A new password, by the token."""

    token = fields.Str(required=True, max_length=100, load_only=True)
    password = fields.Str(required=True, min_length=10, load_only=True)
