"""The carrier sandbox for the tests that run the real worker."""

from tests.sandbox_fixture import carrier, carrier_of_the_run

__all__ = ["carrier", "carrier_of_the_run"]
