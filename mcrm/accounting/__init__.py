"""What the accountant gets: the journal as a file, with the numbers that stand on the papers."""
