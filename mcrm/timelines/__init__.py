"""What happened with one person, as people read it."""
