"""Cases: what takes longer than a reply."""
