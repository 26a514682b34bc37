"""The demo: a believable small business, started by one command, with no account anywhere."""
