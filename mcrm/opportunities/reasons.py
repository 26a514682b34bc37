"""Why opportunities are lost: the business's own few words, kept as a run-time setting, so that they can be counted."""

from sqlalchemy.orm import Session

from mcrm.opportunities.errors import LossReasonUnknown
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import LOSS_REASONS


def reasons(session: Session) -> list[str]:
    """The words to choose from, in the order in which somebody wrote them."""
    return str(settings_store.value(session, LOSS_REASONS)).split(", ")


def require(session: Session, reason: str, *, field: str) -> None:
    """Raise LossReasonUnknown, naming the field and the words, unless it is one of them."""
    if reason not in (known := reasons(session)):
        raise LossReasonUnknown(f"The reasons are {', '.join(known)}.", field=field)
