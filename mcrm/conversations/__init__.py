"""Conversations: what was said, who answers now, and where the dialogue stands."""
