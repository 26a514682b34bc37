"""Bulk changes: one change for every row that a filter finds, as a job."""
