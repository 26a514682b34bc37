"""Topics: what messages of one purpose are about, so that a customer can go without some and keep the rest.

A topic is switched off by a consent of its own, `<purpose>.<topic>`, that is withdrawn; it never allows what its
purpose does not. A new topic is a line here.
"""

from dataclasses import dataclass

from mcrm.consents.models import Purpose


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; the kinds of its messages begin with one of `kinds` and a dot."""

    name: str
    purpose: str
    kinds: frozenset[str]

    @property
    def key(self) -> str:
        """Its name among the purposes of consents."""
        return f"{self.purpose}.{self.name}"


TOPICS = (
    Topic("orders", Purpose.SERVICE, frozenset({"order"})),
    Topic("parcels", Purpose.SERVICE, frozenset({"shipment"})),
    Topic("offers", Purpose.MARKETING, frozenset({"offer"})),
)
KEYS = frozenset(topic.key for topic in TOPICS)
_BY_KIND = {kind: topic for topic in TOPICS for kind in topic.kinds}


def key_of(kind: str, purpose: str) -> str | None:
    """The consent that may switch off a message of this kind; None where no topic is meant."""
    topic = _BY_KIND.get(kind.partition(".")[0])
    return topic.key if topic is not None and topic.purpose == purpose else None
