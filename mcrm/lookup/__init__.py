"""Lookup: the normalised keys by which rows are found by their beginnings, on both databases alike."""
