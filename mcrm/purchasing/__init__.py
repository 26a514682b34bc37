"""Purchasing: requests to buy what runs low, until the goods are on hand."""
