"""One search over whom we know and what we sell."""
