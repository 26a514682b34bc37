"""Links that show one invoice to whoever holds them, for an hour: the token seals the invoice and the hour."""

from datetime import timedelta
from uuid import UUID

from mcrm import clock, passes
from mcrm.invoices.errors import InvoiceUnknown

LIFETIME = timedelta(hours=1)
PURPOSE = "invoice-link"


def token_for(invoice_id: UUID) -> str:
    """A URL-safe token (70 characters) that opens this invoice until an hour from now."""
    return passes.issue(PURPOSE, invoice_id.bytes, clock.now() + LIFETIME)


def invoice_of(token: str) -> UUID:
    """The invoice that a token opens now. Raises InvoiceUnknown for one that is over, and for what is none."""
    if (data := passes.read(PURPOSE, token)) is None:
        raise InvoiceUnknown
    return UUID(bytes=data)
