"""Leads: unqualified interest, given to whom it concerns, followed by the clock, converted or lost."""
