"""A text costs what the carrier will count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcrm.deliveries.segments import BASIC, EXTENDED, Encoding, gsm7, segments


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("", "gsm-7", 1),
        ("a" * 160, "gsm-7", 1),
        ("a" * 161, "gsm-7", 2),
        ("a" * 306, "gsm-7", 2),
        ("a" * 307, "gsm-7", 3),
        ("€" * 80, "gsm-7", 1),
        ("€" * 81, "gsm-7", 2),
        ("a" * 152 + "€" + "a" * 152, "gsm-7", 3),
        ("€" * 152, "gsm-7", 2),
        ("€" * 153, "gsm-7", 3),
        ("ä" * 160, "gsm-7", 1),
        ("я" * 70, "ucs-2", 1),
        ("я" * 71, "ucs-2", 2),
        ("я" * 134, "ucs-2", 2),
        ("я" * 135, "ucs-2", 3),
        ("☕" * 70, "ucs-2", 1),
        ("🌲" * 35, "ucs-2", 1),
        ("🌲" * 36, "ucs-2", 2),
        ("’" + "a" * 69, "ucs-2", 1),
        ("’" + "a" * 70, "ucs-2", 2),
        ("ç", "ucs-2", 1),
    ],
)
def test_segments_are_counted_as_the_carrier_does(text, encoding, count):
    assert segments(text) == (Encoding(encoding), count)


def test_typographic_quotes_do_not_double_the_price():
    text = "Your order’s on its way – “Harbour & Pine” …\u00a0soon. " + "a" * 90

    assert segments(text) == (Encoding.UCS2, 3)
    assert gsm7(text).startswith('Your order\'s on its way - "Harbour & Pine" ... soon. ')
    assert segments(gsm7(text)) == (Encoding.GSM7, 1)


def test_a_text_that_needs_the_wide_alphabet_anyway_is_left_alone():
    assert gsm7("It’s brewed ☕") == "It’s brewed ☕"


def test_the_default_alphabet_has_its_127_characters_and_the_table_its_10():
    assert len(BASIC) == 127 and len(EXTENDED) == 10  # 128 codes, of which one is the escape to the table


@given(st.text(max_size=400))
def test_making_plain_is_done_once_and_never_costs_more(text):
    assert gsm7(gsm7(text)) == gsm7(text)
    assert segments(gsm7(text))[1] <= segments(text)[1]
