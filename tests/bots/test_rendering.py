"""A text costs two segments at most, however long the names in it are, and the choices stay the ones to count by."""

from zoneinfo import ZoneInfo

import pytest

from bots.catalogue import Money, Phrase
from bots.rendering import render
from bots.talk import Choices, Effect, Say
from mcrm.deliveries.segments import Encoding, segments


def said(channel: str, names: list[str]) -> str:
    products = [
        (Phrase("order.product", {"name": name, "price": Money(255, "GBP")}), f"pick:0:{place}")
        for place, name in enumerate(names, 1)
    ]
    effects: list[Effect] = [
        Say(Phrase("order.which", {})),
        Choices((*products, (Phrase("list.more", {}), "pick:0:6"))),
    ]
    zone = ZoneInfo("Europe/London")
    shown = render(effects, channel=channel, language="en", region="GB", zone=zone, business="Harbour & Pine")
    assert shown is not None
    return "\n".join([shown.text, *(label for [(label, _)] in shown.buttons)])


@pytest.mark.parametrize("length", [20, 45, 60, 200])
def test_long_names_give_way_and_prices_stay(length: int) -> None:
    names = [f"{place} {'WHITE HANGING HEART T-LIGHT HOLDER ' * 6}"[:length].strip() for place in range(1, 6)]
    text = said("sms", names)
    assert (segments(text)[0], segments(text)[1] <= 2) == (Encoding.GSM7, True)
    lines = text.splitlines()[1:]
    assert [line[0] for line in lines] == list("1234560")
    assert all(line.endswith("£2.55") for line in lines[:5])
    assert (names[0] in text) == (length == 20)


def test_a_chat_has_room_for_whole_names() -> None:
    name = "WHITE HANGING HEART T-LIGHT HOLDER"
    assert said("telegram", [name] * 5).count(name) == 5
