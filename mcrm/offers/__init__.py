"""Offers: something worth telling those who asked to hear of it."""
