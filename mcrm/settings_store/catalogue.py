"""The list of run-time settings, written out: what each means, what it may be, what holds while nobody set it.

What a process needs to start, and every secret, stays in the environment (docs/reference/settings.md).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from mcrm import hours, quiet

LONGEST_TEXT = 40
LONGEST_LIST = 1000
DUE_HOURS = re.compile(r"[0-9]{1,4}(, [a-z][a-z-]{0,39} [0-9]{1,4})*")
REASON = re.compile(r"[a-z][a-z-]{0,39}")
MOST_REASONS = 30
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


class SettingType(StrEnum):
    """What a value is."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting. `check` returns the value to store or raises ValueError with the sentence for people."""

    name: str
    type: SettingType
    default: Any
    meaning: str
    check: Callable[[Any], Any]


def _whole(lowest: int, highest: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise ValueError(f"Must be a whole number from {lowest} to {highest}.")
        return value

    return check


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Must be true or false.")
    return value


def _short_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or not value.isprintable():
        raise ValueError(f"Must be a text of 1 to {LONGEST_TEXT} printable characters.")
    return value.strip()


def _language(value: Any) -> str:
    if isinstance(value, str) and LANGUAGE.fullmatch(value):
        return value
    raise ValueError("Must be a language such as en or es-MX.")


def _hours(value: Any) -> str:
    try:
        return str(hours.read(value))
    except (TypeError, ValueError):
        raise ValueError("Must be hours such as Mon-Fri 09:00-17:30 Europe/London.") from None


def _holidays(value: Any) -> str:
    try:
        return ", ".join(sorted({date.fromisoformat(day.strip()).isoformat() for day in value.split(",")}))
    except (AttributeError, ValueError):
        raise ValueError("Must be days such as 2026-12-25, 2026-12-28.") from None


def _quiet(value: Any) -> str:
    try:
        return str(quiet.read(value))
    except (TypeError, ValueError):
        raise ValueError("Must be times of the day such as 21:00-08:00.") from None


def _due_hours(value: Any) -> str:
    if isinstance(value, str) and len(value) <= LONGEST_LIST and DUE_HOURS.fullmatch(value):
        return value
    raise ValueError("Must be hours, then exceptions by kind, such as 8, complaint 4, refund 16.")


def _reasons(value: Any) -> str:
    words = [word.strip() for word in value.split(",")] if isinstance(value, str) else []
    if len(words) > MOST_REASONS or len(set(words)) < len(words) or not (words and all(map(REASON.fullmatch, words))):
        raise ValueError(f"Must be 1 to {MOST_REASONS} different words such as price, competitor, no-need.")
    return ", ".join(words)


SENDER_NAME = Option(
    "sender-name",
    SettingType.TEXT,
    None,
    "Who signs the codes that customers get; MCRM_BUSINESS_NAME while nobody set it.",
    _short_text,
)
FALLBACK_LOCALE = Option(
    "fallback-locale",
    SettingType.TEXT,
    "en",
    "The language of templates for people in whose own there is none.",
    _language,
)
SMS_MOST_SEGMENTS = Option(
    "sms-most-segments",
    SettingType.INTEGER,
    3,
    "How many segments a text template may take, filled with its sample.",
    _whole(1, 10),
)
ORDER_HOLD_HOURS = Option(
    "order-hold-hours",
    SettingType.INTEGER,
    None,
    "How long stock stays reserved for an order that nobody confirms, 0 for ever; MCRM_ORDER_HOLD_HOURS while unset.",
    _whole(0, 24 * 366),
)
REORDER_ENABLED = Option(
    "reorder-enabled", SettingType.BOOLEAN, True, "Whether low stock makes a purchase request by itself.", _truth
)
STOCK_LEASE_MOST_HOURS = Option(
    "stock-lease-most-hours", SettingType.INTEGER, 72, "The longest time for which stock is leased.", _whole(1, 24 * 31)
)
STOCK_LEASE_MOST_PIECES = Option(
    "stock-lease-most-pieces",
    SettingType.INTEGER,
    100,
    "The most pieces of one product that a representative leases without a manager.",
    _whole(0, 1_000_000),
)
STOCK_LEASE_GRACE_HOURS = Option(
    "stock-lease-grace-hours",
    SettingType.INTEGER,
    12,
    "How long a stock lease that is over waits for orders that were taken before and come late.",
    _whole(0, 24 * 7),
)
OFFLINE_PRICE_HOURS = Option(
    "offline-price-hours",
    SettingType.INTEGER,
    72,
    "How long ago an order may have been taken without a network to have the prices of then.",
    _whole(0, 24 * 31),
)
VISIT_RADIUS_M = Option(
    "visit-radius-m",
    SettingType.INTEGER,
    200,
    "How far from an account, in metres, a check-in still counts as made there.",
    _whole(10, 100_000),
)
VISIT_POSITION_DAYS = Option(
    "visit-position-days",
    SettingType.INTEGER,
    30,
    "After how many days the position of a check-in is blanked; verdict and distance stay.",
    _whole(1, 3660),
)
VISIT_USUAL_DAYS = Option(
    "visit-usual-days",
    SettingType.INTEGER,
    0,
    "Every how many days accounts are visited whose class has no cadence, 0 for when somebody plans it.",
    _whole(0, 3660),
)
TASK_REMINDER_MINUTES = Option(
    "task-reminder-minutes",
    SettingType.INTEGER,
    30,
    "How long before a task is due its owner's phone is told.",
    _whole(0, 7 * 24 * 60),
)
LEAD_TOUCH_MINUTES = Option(
    "lead-touch-minutes",
    SettingType.INTEGER,
    30,
    "Within how many minutes (of business hours, where they are set) a new lead is to be contacted.",
    _whole(1, 60 * 24 * 30),
)
LEAD_HOURS = Option(
    "lead-hours",
    SettingType.TEXT,
    None,
    "When the clock of new leads runs, such as Mon-Fri 09:00-17:30, by the business's clock unless a zone such as "
    "Europe/London follows; always while nobody set it.",
    _hours,
)
OPPORTUNITY_STALE_DAYS = Option(
    "opportunity-stale-days",
    SettingType.INTEGER,
    30,
    "After how many days in one stage an open opportunity counts as forgotten.",
    _whole(1, 366),
)
LOSS_REASONS = Option(
    "loss-reasons",
    SettingType.TEXT,
    "price, competitor, timing, no-need, no-answer, other",
    "Why opportunities are lost: few words, so that they can be counted. What was lost keeps its word.",
    _reasons,
)
SUPPORT_HOURS = Option(
    "support-hours",
    SettingType.TEXT,
    None,
    "When people answer chats, such as Mon-Fri 09:00-17:30, by the business's clock unless a zone such as "
    "Europe/London follows; while unset, whenever an agent is present.",
    _hours,
)
SUPPORT_HOLIDAYS = Option(
    "support-holidays",
    SettingType.TEXT,
    None,
    "Days on which nobody answers chats, such as 2026-12-25, 2026-12-28.",
    _holidays,
)
FIRST_RESPONSE_MINUTES = Option(
    "first-response-minutes",
    SettingType.INTEGER,
    15,
    "Within how many minutes of business hours a customer who waits for a person is to be answered.",
    _whole(1, 60 * 24 * 7),
)
RESOLUTION_MINUTES = Option(
    "resolution-minutes",
    SettingType.INTEGER,
    480,
    "Within how many minutes of business hours a conversation with a person is to be settled.",
    _whole(1, 60 * 24 * 30),
)
AGENT_CAPACITY = Option(
    "agent-capacity",
    SettingType.INTEGER,
    4,
    "How many conversations an agent is given; what comes beyond waits in the queue.",
    _whole(1, 100),
)
QUIET_HOURS = Option(
    "quiet-hours",
    SettingType.TEXT,
    None,
    "When offers wait, such as 21:00-08:00 by each customer's own clock; their own quiet hours take their place.",
    _quiet,
)
CASE_DUE_HOURS = Option(
    "case-due-hours",
    SettingType.TEXT,
    "8",
    "Business hours in which cases are due, then exceptions by kind: 8, complaint 4, refund 16.",
    _due_hours,
)

OPTIONS = {
    option.name: option
    for option in (
        SENDER_NAME,
        FALLBACK_LOCALE,
        SMS_MOST_SEGMENTS,
        ORDER_HOLD_HOURS,
        REORDER_ENABLED,
        STOCK_LEASE_MOST_HOURS,
        STOCK_LEASE_MOST_PIECES,
        STOCK_LEASE_GRACE_HOURS,
        OFFLINE_PRICE_HOURS,
        VISIT_RADIUS_M,
        VISIT_POSITION_DAYS,
        VISIT_USUAL_DAYS,
        TASK_REMINDER_MINUTES,
        LEAD_TOUCH_MINUTES,
        LEAD_HOURS,
        OPPORTUNITY_STALE_DAYS,
        LOSS_REASONS,
        SUPPORT_HOURS,
        SUPPORT_HOLIDAYS,
        FIRST_RESPONSE_MINUTES,
        RESOLUTION_MINUTES,
        AGENT_CAPACITY,
        QUIET_HOURS,
        CASE_DUE_HOURS,
    )
}
