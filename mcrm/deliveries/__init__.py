"""The outbox: queue, claim, settle; every message that leaves is a row here first."""
