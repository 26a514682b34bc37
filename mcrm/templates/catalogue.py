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


ORDER_SHIPPED = Message(
    key="order.shipped",
    meaning="An order has left.",
    variables={
        "number": "The order's number.",
        "name": "The customer's name.",
        "carrier": "With whom it travels; may be empty.",
        "tracking_number": "The carrier's number for it; may be empty.",
        "expected_on": "The day it should arrive, as people of that language say it; may be empty.",
    },
    sample={
        "number": "10042",
        "name": "Ben Okafor",
        "carrier": "Royal Mail",
        "tracking_number": "RM123456789GB",
        "expected_on": "24 November",
    },
    subject="On its way",
    body=(
        "Order {{ number }} is on its way{% if carrier %} with {{ carrier }}{% endif %}"
        "{% if expected_on %}, expected on {{ expected_on }}{% endif %}."
    ),
)

MESSAGES = {message.key: message for message in (ORDER_SHIPPED,)}
