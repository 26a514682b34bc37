"""Orders: placing them, moving them along, tracking them."""
