"""Tasks: what somebody of the business is to do for a customer, and by when."""
