"""How much a push may hold; the edge that takes bodies in knows it, too."""

MOST_RECORDS = 5000
LARGEST_PUSH = 5_000_000  # bytes, unpacked
