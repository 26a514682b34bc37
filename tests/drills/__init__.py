"""Drills: the whole stack under load while its processes are killed."""
