"""Visits: which accounts a rep calls at and when, what came of it, and what the manager sees of it."""
