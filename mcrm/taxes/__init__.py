"""Tax rates: what a tax code means, and since when."""
