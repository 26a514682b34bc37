"""The messages whose words a business may write itself: variables, a sample, and what holds without a template."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Values = Mapping[str, str | None]


class TemplateChannel(StrEnum):
    """The channels that messages go out on."""

    SMS = "sms"
    TELEGRAM = "telegram"
    PUSH = "push"


TITLED = frozenset({TemplateChannel.PUSH})


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `variables` are the names a template may use, with what they mean; `sample` fills them.

    A variable is None where there is nothing to say. `subject` and `body` are the built-in words, as a template.
    """

    key: str
    meaning: str
    variables: Mapping[str, str]
    sample: Values
    subject: str
    body: str


VARIABLES = {
    "number": "The order's number.",
    "name": "The customer's name.",
    "carrier": "With whom it travels; may be empty.",
    "tracking_number": "The carrier's number for it; may be empty.",
    "expected_on": "The day it should arrive, as people of that language say it; may be empty.",
}
SAMPLE: Values = {
    "number": "10042",
    "name": "Ben Okafor",
    "carrier": "Royal Mail",
    "tracking_number": "RM123456789GB",
    "expected_on": "24 November",
}
LEFT = (
    "rder {{ number }} is on its way{% if carrier %} with {{ carrier }}{% endif %}"
    "{% if expected_on %}, expected on {{ expected_on }}{% endif %}."
)


def _of_order(key: str, meaning: str, subject: str, body: str) -> Message:
    """A message about an order that left: all of these know the same."""
    return Message(key=key, meaning=meaning, variables=VARIABLES, sample=SAMPLE, subject=subject, body=body)


ORDER_SHIPPED = _of_order("order.shipped", "An order has left.", "On its way", f"O{LEFT}")
ORDER_PART_SHIPPED = _of_order("order.part-shipped", "A part of an order has left.", "On its way", f"A part of o{LEFT}")
OUT_FOR_DELIVERY = _of_order(
    "shipment.out-for-delivery",
    "The carrier brings a shipment today.",
    "Out for delivery",
    "Order {{ number }} is out for delivery today.",
)
DELIVERED = _of_order(
    "shipment.delivered", "The carrier brought a shipment.", "Delivered", "Order {{ number }} has been delivered."
)

MESSAGES = {message.key: message for message in (ORDER_SHIPPED, ORDER_PART_SHIPPED, OUT_FOR_DELIVERY, DELIVERED)}
