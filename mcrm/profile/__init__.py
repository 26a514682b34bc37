"""What customers see and change of themselves."""
