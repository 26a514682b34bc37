"""Audit entries and seals: who did what, and the proof that nobody changed it."""
