"""Stock: on hand, reserved, and every movement."""
