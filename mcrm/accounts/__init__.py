"""Accounts: the companies and households we sell to."""
