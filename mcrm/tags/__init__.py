"""Tags: free words put on accounts and contacts, to find them again."""
