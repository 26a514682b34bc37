"""What every HTTP door shares: problem details, paging, idempotency, provider signatures."""
