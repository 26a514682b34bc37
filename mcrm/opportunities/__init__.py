"""Opportunities: possible sales on their way through a pipeline that the managers define, and the forecast."""
