"""Message templates: the words of a business's own for what it tells customers, per channel and language."""
