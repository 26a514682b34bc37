"""Contacts: the people we can reach, and the addresses they are reached at."""
