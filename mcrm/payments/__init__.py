"""Money that comes in for orders and goes back: authorised, captured, voided, refunded."""
