"""Addresses: where bills and goods go, of accounts and of contacts."""
