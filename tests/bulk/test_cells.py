"""Cells, read and written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcrm.bulk.cells import Reading, amount, major, minor, safe, whole
from mcrm.bulk.errors import RowUnfit
from mcrm.bulk.rows import CONTACTS, suggested
from mcrm.orders.importing import FORMULA
from mcrm.orders.rows import plain

TEXT = st.text(st.sampled_from("'=+-@\t\rab1"), max_size=6) | st.text(max_size=6)


@given(TEXT)
def test_no_cell_goes_out_as_a_formula_and_each_comes_back_as_it_was(text: str) -> None:
    assert not safe(text).startswith(FORMULA)
    assert plain(safe(text)) == text


@given(st.integers(0, 10**12), st.sampled_from(["GBP", "JPY", "KWD"]))
def test_money_goes_out_and_comes_in_to_the_penny(pence: int, currency: str) -> None:
    assert minor(amount(major(pence, currency), Reading()), currency) == pence


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("12.50", ".", "12.50"),
        ("1,234.50", ".", "1234.50"),
        ("1 234.5", ".", "1234.5"),
        ("12,50", ",", "12.50"),
        ("1.234,50", ",", "1234.50"),
        ("1.234", ",", "1234"),
        ("1'234,50", ",", "1234.50"),
    ],
)
def test_marks_of_thousands_and_decimals_are_told_apart(text: str, decimal: str, value: str) -> None:
    assert amount(text, Reading(decimal=decimal)) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("12,50", "."),
        ("12.50", ","),
        ("-1", "."),
        ("1,23,456", "."),
        ("1e3", "."),
        ("", "."),
        ("\u0661", "."),
        ("NaN", "."),
    ],
)
def test_what_could_mean_another_amount_is_refused(text: str, decimal: str) -> None:
    with pytest.raises(RowUnfit):
        amount(text, Reading(decimal=decimal))


@pytest.mark.parametrize("text", ["1.5", "-1", "11", "1O", "99999999999999999999"])
def test_a_whole_number_is_whole_and_within_its_bounds(text: str) -> None:
    with pytest.raises(RowUnfit):
        whole(0, 10)(text, Reading())


def test_headings_are_understood_and_none_is_taken_twice() -> None:
    header = ["E-Mail", "mail", "Customer ID", "Full name", "Phone number", "Shoe size"]
    assert suggested(CONTACTS, header) == {
        "E-Mail": "email",
        "Customer ID": "number",
        "Full name": "name",
        "Phone number": "phone",
    }
