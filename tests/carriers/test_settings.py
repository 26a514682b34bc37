"""Who may report, and with which secret: what is odd stops the start and names itself."""

import pytest

from mcrm.config import BadSetting, Settings
from tests.doors import ENVIRONMENT

GOOD = "a-secret-of-royal-mail"


def read(secrets: str) -> Settings:
    return Settings.from_environment({**ENVIRONMENT, "MCRM_CARRIER_SECRETS": secrets})


def test_every_carrier_has_a_secret_of_its_own() -> None:
    found = read(f"royal-mail:{GOOD}, dpd:another:with-a-colon")
    assert dict(found.carrier_secrets) == {"royal-mail": GOOD, "dpd": "another:with-a-colon"}
    assert dict(read("").carrier_secrets) == {}
    assert GOOD not in repr(found)


@pytest.mark.parametrize("odd", ["royal-mail", "Royal Mail:" + GOOD, f"dpd:{GOOD},dpd:{GOOD}", "dpd:short", ":" + GOOD])
def test_an_odd_setting_stops_the_start(odd: str) -> None:
    with pytest.raises(BadSetting, match="MCRM_CARRIER_SECRETS"):
        read(odd)


def test_orders_wait_for_ever_unless_it_is_said() -> None:
    assert read("").order_hold_hours == 0
    with pytest.raises(BadSetting, match="MCRM_ORDER_HOLD_HOURS"):
        Settings.from_environment({**ENVIRONMENT, "MCRM_ORDER_HOLD_HOURS": "-1"})
