"""Quotes: prices promised until a day, and the orders that come of them."""
