"""The words of the bots, one file per language."""
