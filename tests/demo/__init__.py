"""The demo as a newcomer meets it: real processes on free ports."""
