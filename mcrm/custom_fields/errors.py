"""What can be wrong with custom fields and their values."""

from mcrm.errors import Conflict, Invalid, NotFound


class CustomFieldUnknown(NotFound):
    """There is no such custom field."""

    code = "custom-field.unknown"


class CustomFieldTaken(Conflict):
    """The table has a custom field of this name, or had one of another type whose values are kept."""

    code = "custom-field.taken"


class OptionsMisfit(Invalid):
    """A choice needs options, and nothing else has any."""

    code = "custom-field.options"


class NoSuchField(Invalid):
    """There is no custom field of this name."""

    code = "custom-value.unknown-field"


class ValueMissing(Invalid):
    """This custom field is required."""

    code = "custom-value.required"


class ValueInvalid(Invalid):
    """This is not a value of the custom field's type."""

    code = "custom-value.invalid"
