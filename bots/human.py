"""While a person answers, the bot is silent; only the word that calls it back is heard."""

from bots.catalogue import offered, words
from bots.features import plain
from bots.turn import Turn
from mcrm.conversations.models import Owner
from mcrm.inbox import handing
from mcrm.inbox.models import Ending


def answers(turn: Turn) -> bool:
    """Whether this message is for a person, who then finds it in the thread. BOT gives the conversation back."""
    if turn.conversation.owner != Owner.HUMAN:
        return False
    if _calls_the_bot(turn):
        handing.give_back(turn.session, turn.actor, turn.conversation, Ending.CUSTOMER)
        return False
    handing.customer_wrote(turn.session, turn.conversation, turn.point)
    return True


def _calls_the_bot(turn: Turn) -> bool:
    text = plain(turn.inbound.text).removeprefix("/").strip(" .!?")
    return any(text in words(language).commands["bot"] for language in offered())
