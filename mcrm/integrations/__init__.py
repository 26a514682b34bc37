"""Integration keys: what other programs sign in with, and what each of them is let into."""
