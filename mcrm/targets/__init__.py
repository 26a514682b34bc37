"""Targets: what a rep, a territory or a team is to reach within some days, and how far they are."""
