"""The tests of the demo and its commands: the sandbox for those that need providers."""

from tests.sandbox_fixture import carrier, carrier_of_the_run

__all__ = ["carrier", "carrier_of_the_run"]
