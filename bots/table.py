"""What can be asked for, and what happens when an action came to an end. A new command is a row here."""

from collections.abc import Callable, Mapping
from typing import Any

from bots import forms
from bots.commands import basics, identity, orders
from bots.flowfiles import flows
from bots.talk import Talk

Command = Callable[[Talk, str | None], None]
After = Callable[[Talk, str, Mapping[str, Any]], None]


def _beginning(flow_id: str) -> Command:
    def begin(talk: Talk, argument: str | None) -> None:
        forms.begin(talk, flow_id, argument)

    return begin


COMMANDS: Mapping[str, Command] = {
    "track": orders.track,
    "orders": orders.orders,
    "more": orders.more,
    "help": basics.help_,
    "menu": basics.menu,
    "back": basics.menu,
    "start": basics.start,
    "thanks": basics.thanks,
    "agent": basics.agent,
    "bot": basics.bot,
    "rate": basics.rate,
    "language": basics.language,
    "link": identity.link,
    "verify": identity.verify,
    "code": identity.code,
    "stray_code": identity.stray_code,
    "share": identity.share,
    "expired": basics.expired,
    "pick": basics.expired,
    "abort": basics.menu,
    "miss": basics.miss,
    "unsure": basics.unsure,
    "desk": basics.desk,
    "challenge": basics.challenge,
    **{flow_id: _beginning(flow_id) for flow_id in flows()},
}

AFTER: Mapping[str, After] = {
    "open-case": basics.case_opened,
    "rate": basics.rated,
    "set-language": basics.language_set,
    "offer-link": identity.link_offered,
    "use-link": identity.linked,
    "share-number": identity.linked,
    "refuse-card": identity.linked,
    "send-code": identity.code_sent,
    "check-code": identity.code_checked,
    "errand": forms.done,
}
