"""What something costs: the rules as data, and the one function that applies them."""
