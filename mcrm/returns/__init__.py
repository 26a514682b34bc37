"""Returns: goods that come back, what they are worth, and the credit for them."""
