"""A person answered in the app's chat: a quiet push, unless the app says within seconds that it shows the answer.

An open stream proves nothing (a phone in a tunnel keeps one for minutes), so it is the app's word that counts: the
push waits for it, and is called off by it.
"""

from datetime import timedelta

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import points
from mcrm.contacts.models import PointChannel
from mcrm.conversations.saying import AGENT_REPLY_NEWS
from mcrm.deliveries import outbox, reporting
from mcrm.deliveries.models import Delivery

SHOWN_WITHIN = timedelta(seconds=5)
LONGEST_NEWS = 200


def wake(session: Session, actor: Actor, answer: Delivery, *, title: str | None) -> int:
    """Queue a push of an answer to each of the contact's installations of the app; how many.

    They make no sound, and a later one of the same conversation takes the place of an earlier one.
    """
    if answer.channel != PointChannel.APP or answer.contact_id is None:
        return 0
    devices = points.reachable(session, answer.contact_id, PointChannel.PUSH)
    for point in devices:
        outbox.queue(
            session,
            actor,
            channel=PointChannel.PUSH.value,
            contact_point_id=point.id,
            contact_id=answer.contact_id,
            text=answer.text[:LONGEST_NEWS],
            title=title,
            kind=AGENT_REPLY_NEWS,
            data={"type": "conversation"},
            collapse_key=f"conversation:{answer.contact_id}",
            not_before=clock.now() + SHOWN_WITHIN,
            dedupe_key=reporting.news_key(answer.id, point.id),
        )
    return len(devices)
