"""What can be wrong with taxes."""

from mcrm.errors import Invalid


class TaxCodeUnknown(Invalid):
    """No tax rate has this code."""

    code = "tax-code.unknown"
