"""Duplicates: found with reasons, dismissed, merged into one person, and taken apart again without loss."""
