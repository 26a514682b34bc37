"""What is paid, due and refundable, from the sums alone."""

import pytest

from mcrm.orders.models import PaymentStatus
from mcrm.payments.amounts import Sums, status_of

UNPAID, PAID, PART, REFUNDED = PaymentStatus


@pytest.mark.parametrize(
    ("sums", "status", "payable", "refundable"),
    [
        (Sums(100), UNPAID, 100, 0),
        (Sums(100, authorised=100), UNPAID, 0, 0),
        (Sums(100, captured=40), UNPAID, 60, 40),
        (Sums(100, captured=40, authorised=60), UNPAID, 0, 40),
        (Sums(100, captured=100), PAID, 0, 100),
        (Sums(100, captured=100, refunded=30), PART, 30, 70),
        (Sums(100, captured=100, refunded=30, credited=30), PART, 0, 70),
        (Sums(100, captured=130, refunded=30), PAID, 0, 100),
        (Sums(100, captured=70, credited=30), PAID, 0, 70),
        (Sums(100, captured=100, refunded=100), REFUNDED, 100, 0),
        (Sums(100, captured=100, credited=100), PAID, -100, 100),
        (Sums(100, captured=40, refunded=40), REFUNDED, 100, 0),
        (Sums(50, is_credit=True), UNPAID, 0, 50),
        (Sums(50, is_credit=True, refunded=20), PART, 0, 30),
        (Sums(50, is_credit=True, refunded=50), REFUNDED, 0, 0),
        (Sums(50, is_credit=True, at_most=30), UNPAID, 0, 30),
        (Sums(50, is_credit=True, refunded=30, at_most=0), PART, 0, 0),
    ],
)
def test_status_due_and_refundable_follow_from_the_sums(
    sums: Sums, status: PaymentStatus, payable: int, refundable: int
) -> None:
    assert (status_of(sums), sums.payable, sums.refundable) == (status, payable, refundable)
