"""Consents and suppressions: what people allow, and what they have stopped."""
