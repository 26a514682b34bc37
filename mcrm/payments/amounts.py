"""What is paid, due and may go back, from the sums alone. Pure; everything that decides about money asks here."""

from dataclasses import dataclass

from mcrm.orders.models import PaymentStatus


@dataclass(frozen=True, slots=True)
class Sums:
    """What happened to an order's money, in minor units, none below zero.

    `total` is what was invoiced, before any invoice what the order costs, for a credit order what the business owes;
    `credited` is what credit notes and credit orders took off; `authorised` what is promised and not captured.
    `refunded` counts what went back for the order's credit orders too, and `at_most`, of a credit order, is what may
    still go back for the order it credits (None where it credits none).
    """

    total: int
    is_credit: bool = False
    credited: int = 0
    authorised: int = 0
    captured: int = 0
    refunded: int = 0
    at_most: int | None = None

    @property
    def kept(self) -> int:
        """What came in and did not go back."""
        return self.captured - self.refunded

    @property
    def payable(self) -> int:
        """What may still be paid or promised; below zero where more was paid than is owed."""
        return 0 if self.is_credit else self.total - self.credited - self.kept - self.authorised

    @property
    def refundable(self) -> int:
        """What may still go back: of an order what was captured, of a credit order what it is worth (and came in)."""
        left = (self.total if self.is_credit else self.captured) - self.refunded
        return left if self.at_most is None else min(left, self.at_most)


def status_of(sums: Sums) -> PaymentStatus:
    """The order's payment status, a function of what was captured and refunded (and of what is owed) alone.

    A part refund shows until the order is paid in full again; a promise counts for nothing.
    """
    if sums.refunded and sums.refunded >= (sums.total if sums.is_credit else sums.captured):
        return PaymentStatus.REFUNDED
    if sums.refunded and (sums.is_credit or sums.kept < sums.total):
        return PaymentStatus.PART_REFUNDED
    if sums.captured and sums.kept >= sums.total - sums.credited:
        return PaymentStatus.PAID
    return PaymentStatus.UNPAID
