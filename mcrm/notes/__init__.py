"""Notes: what the staff wrote down about a contact or an account, as facts in the log."""
