"""Offline sync: changes made without a network in, everything new out, in the WatermelonDB protocol."""
