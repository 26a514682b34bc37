"""Stock leases: pieces kept for a representative until a time, so that what is sold without a network is there."""
