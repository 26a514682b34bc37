"""What the bots did not understand: collected, labelled by people, and learned from."""
