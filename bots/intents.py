"""From what is wanted to who does it: the command of each intent, and the intent of each command."""

from collections.abc import Mapping
from functools import cache

from mcrm.learning.intents import Intent

# An intent that nobody serves here yet goes to the desk: it says what was understood, and offers a person.
COMMAND_OF: Mapping[Intent, str] = {
    Intent.ORDER_STATUS: "track",
    Intent.HUMAN_AGENT: "agent",
    Intent.GREET: "start",
    Intent.GOODBYE: "thanks",
    Intent.THANKS: "thanks",
    Intent.AFFIRM: "miss",  # nothing was asked
    Intent.DENY: "miss",
    Intent.ABORT: "back",
    Intent.HELP: "help",
    Intent.REPEAT: "menu",
    Intent.BOT_CHALLENGE: "challenge",
    Intent.CHANGE_LANGUAGE: "language",
    Intent.OUT_OF_SCOPE: "miss",
}

INTENT_OF: Mapping[str, Intent] = {
    "track": Intent.ORDER_STATUS,
    "orders": Intent.ORDER_STATUS,
    "cancel": Intent.CANCEL_ORDER,
    "agent": Intent.HUMAN_AGENT,
    "start": Intent.GREET,
    "thanks": Intent.THANKS,
    "back": Intent.ABORT,
    "menu": Intent.HELP,
    "help": Intent.HELP,
    "language": Intent.CHANGE_LANGUAGE,
    "miss": Intent.OUT_OF_SCOPE,
}


@cache
def intent_of(name: str) -> Intent | None:
    """The intent that a command or a rule stands for; None for what no intent stands for, such as a link."""
    return INTENT_OF.get(name) or next((intent for intent in Intent if intent == name), None)


def line_for(intent: str, number: str | None = None) -> str:
    """The command line (`command:argument`) that serves an intent; `number` is the order that was named, if any."""
    command = COMMAND_OF.get(Intent(intent), "desk")
    argument = f"{Intent(intent).value} {number or ''}".strip() if command == "desk" else number
    return f"{command}:{argument}" if argument else command
