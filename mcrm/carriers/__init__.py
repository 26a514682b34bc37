"""Carriers: what they report about shipments, and what anybody with a tracking link may see."""
