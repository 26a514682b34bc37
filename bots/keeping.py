"""The state of a dialogue as its conversation keeps it between two messages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bots.talk import Form, State
from mcrm.conversations.keyboards import SLOT
from mcrm.conversations.models import Conversation

CODE = "verify"
CODE_REMEMBERED = timedelta(hours=1)


def state_of(row: Conversation) -> State:
    """Where the dialogue stands."""
    slots = {name: kept for name, kept in row.slots.items() if name != SLOT}
    form = slots.pop("form", None)
    return State(
        flow=CODE if row.flow == CODE else None,
        asked=row.asked,
        slots=slots,
        language=row.locale,
        failures=row.failures,
        misses=row.misses,
        locked_until=row.locked_until,
        verified_until=row.verified_until,
        expires_at=row.expires_at,
        form=_form(form) if form else None,
        stack=tuple(_form(one) for one in row.stack),
    )


def columns_of(state: State, keyboards: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that keep it, and the live `keyboards`; while a code is awaited, `flow` says that, whatever for."""
    form = state.form
    return {
        "flow": state.flow or (form.flow if form else None),
        "asked": state.asked,
        "slots": {**state.slots, **({"form": _kept(form)} if form else {}), **keyboards},
        "stack": [_kept(one) for one in state.stack],
        "locale": state.language,
        "failures": state.failures,
        "misses": state.misses,
        "locked_until": state.locked_until,
        "verified_until": state.verified_until,
        "expires_at": state.expires_at,
    }


def awaits_code(row: Conversation) -> bool:
    """Whether the next message may be a one-time code, which is stored nowhere."""
    form: Mapping[str, Any] = row.slots.get("form") or {}
    return row.flow == CODE or form.get("asked") == "code"


def code_was_sent(slots: Mapping[str, Any], now: datetime) -> bool:
    """Whether a code went out lately and was not of use: what looks like one may be that one."""
    sent_at = _instant(slots.get("code_sent"))
    return sent_at is not None and sent_at + CODE_REMEMBERED > now


def _kept(form: Form) -> dict[str, Any]:
    return {
        "flow": form.flow,
        "values": dict(form.values),
        "asked": form.asked,
        "nonce": form.nonce,
        "until": form.until and form.until.isoformat(),
        "tries": form.tries,
        "options": list(form.options),
        "agreed": form.agreed,
        "shown": form.shown,
        "code_until": form.code_until and form.code_until.isoformat(),
    }


def _form(kept: Mapping[str, Any]) -> Form:
    return Form(
        flow=kept["flow"],
        values=kept["values"],
        asked=kept["asked"],
        nonce=kept["nonce"],
        until=_instant(kept["until"]),
        tries=kept["tries"],
        options=tuple(kept["options"]),
        agreed=kept["agreed"],
        shown=kept.get("shown", ""),
        code_until=_instant(kept["code_until"]),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
