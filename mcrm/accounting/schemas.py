"""Which part of the journal goes to the accountant."""

from mcrm.api import fields


class DaysQuery(fields.Query):
    """Calendar days in the business's time zone, both included."""

    since = fields.Date(data_key="from", load_default=None)
    until = fields.Date(load_default=None)
