"""Territories: which accounts a rep covers, and who may see them."""
