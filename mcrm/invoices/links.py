"""Links that show one invoice to whoever holds them, for an hour: the token seals the invoice and the hour."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from uuid import UUID

from mcrm import clock, keys
from mcrm.invoices.errors import InvoiceUnknown

LIFETIME = timedelta(hours=1)
PURPOSE = "invoice-link"
UUID_BYTES = 16


def token_for(invoice_id: UUID) -> str:
    """A URL-safe token (70 characters) that opens this invoice until an hour from now."""
    until = int((clock.now() + LIFETIME).timestamp())
    sealed = keys.sealed(PURPOSE, invoice_id.bytes + until.to_bytes(8))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def invoice_of(token: str) -> UUID:
    """The invoice that a token opens now. Raises InvoiceUnknown for one that is over, and for what is none."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise InvoiceUnknown from None
    data = keys.unsealed(PURPOSE, sealed)
    if data is None or datetime.fromtimestamp(int.from_bytes(data[UUID_BYTES:]), UTC) <= clock.now():
        raise InvoiceUnknown
    return UUID(bytes=data[:UUID_BYTES])
