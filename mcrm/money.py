"""Amounts of money as people and accountants write them; inside the house they are whole minor units."""

from decimal import Decimal

from babel.numbers import get_currency_precision


def in_major_units(amount: int, currency: str) -> Decimal:
    """Minor units as the currency's own: 1250 GBP is 12.50, 1250 JPY is 1250, 1250 KWD is 1.250 (CLDR's digits)."""
    return Decimal(amount).scaleb(-get_currency_precision(currency))


def half_up(numerator: int, denominator: int) -> int:
    """A quotient rounded to a whole number, halves away from zero; `denominator` is positive."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))
