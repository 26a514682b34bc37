"""The database's history: numbered, forward-only revisions, run by one command under one lock."""
