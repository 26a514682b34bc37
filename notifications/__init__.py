"""Outbound delivery: drains the outbox and speaks to the providers."""
