"""Run-time settings: what an admin may change while everything runs."""
