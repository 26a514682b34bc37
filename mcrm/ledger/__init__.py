"""The books: every invoice, payment, refund and credit note as a double entry that adds up to zero."""
