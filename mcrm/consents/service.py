"""Consent is given and taken back per channel and purpose, with proof; a suppression stops an address altogether."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.consents import counting
from mcrm.consents.marks import mark_of
from mcrm.consents.models import Consent, ConsentState, Suppression, SuppressionReason
from mcrm.contacts.models import ContactPoint
from mcrm.contacts.people import is_person
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind


def decide(
    session: Session,
    actor: Actor,
    *,
    contact_id: UUID,
    channel: str,
    purpose: str,
    state: ConsentState,
    proof: dict[str, Any] | None = None,
) -> Consent:
    """Record what the contact allows now; `proof` says when, where and with which words (text version, IP, message).

    The same decision again changes nothing and leaves no second trace, unless a merge made another one count.
    """
    consent = _own(session, contact_id, channel, purpose)
    if consent is not None and consent.state == state:
        counts = consent_of(session, contact_id, channel, purpose)
        if counts is None or counts.state == state:
            return consent
    if consent is None:
        consent = Consent(contact_id=contact_id, channel=channel, purpose=purpose, state=state.value)
        consent.decided_at = clock.now()
        consent.proof = proof or {}
        try:
            with session.begin_nested():
                session.add(consent)
                session.flush()
        except IntegrityError:  # decided in another process a moment earlier: the later word counts
            return decide(
                session, actor, contact_id=contact_id, channel=channel, purpose=purpose, state=state, proof=proof
            )
    else:
        consent.state, consent.proof, consent.decided_at = state.value, proof or {}, clock.now()
    kind = Kind.CONSENT_GRANTED if state is ConsentState.GRANTED else Kind.CONSENT_WITHDRAWN
    payload = {"channel": channel, "purpose": purpose, "proof": sorted(proof or {})}
    log.append(session, actor, kind, about=log.About(contact_id=contact_id), payload=payload)
    return consent


def consent_of(session: Session, contact_id: UUID, channel: str, purpose: str) -> Consent | None:
    """The decision that counts for the person, None when nobody ever asked."""
    query = select(Consent).where(
        is_person(Consent.contact_id, contact_id), Consent.channel == channel, Consent.purpose == purpose
    )
    found = counting.counted(session, session.scalars(query.execution_options(populate_existing=True)))
    return found[0] if found else None


def consents_of(session: Session, contact_ids: Sequence[UUID]) -> list[Consent]:
    """The decisions that count among those of these contacts, who are one person: one a channel and purpose."""
    return counting.counted(session, session.scalars(select(Consent).where(Consent.contact_id.in_(contact_ids))))


def _own(session: Session, contact_id: UUID, channel: str, purpose: str) -> Consent | None:
    query = select(Consent).where(
        Consent.contact_id == contact_id, Consent.channel == channel, Consent.purpose == purpose
    )
    return session.scalar(query.execution_options(populate_existing=True))


def suppress(
    session: Session, actor: Actor, *, point: ContactPoint, reason: SuppressionReason, detail: str | None = None
) -> bool:
    """Stop everything to this address; False when it was stopped for the same reason already."""
    stop = Suppression(
        channel=point.channel, address=point.address, reason=reason.value, detail=detail, contact_point_id=point.id
    )
    try:
        with session.begin_nested():
            session.add(stop)
            session.flush()
    except IntegrityError:
        return False
    _log_stop(session, actor, Kind.SUPPRESSION_SET, point, [reason.value], detail)
    return True


def lift(session: Session, actor: Actor, *, point: ContactPoint, reasons: Iterable[SuppressionReason]) -> int:
    """End the stops that were set for these reasons; how many there were."""
    wanted = {reason.value for reason in reasons}
    ended = [stop for stop in suppressions_of(session, point.channel, point.address) if stop.reason in wanted]
    for stop in ended:
        stop.lifted_at = clock.now()
    if ended:
        session.flush()
        _log_stop(session, actor, Kind.SUPPRESSION_LIFTED, point, sorted(stop.reason for stop in ended), None)
    return len(ended)


def suppressions_of(session: Session, channel: str, address: str) -> list[Suppression]:
    """The stops in force on an address, those among them that outlived the memory of whose it was."""
    return list(session.scalars(_IN_FORCE, {"at": channel, "to": [address, mark_of(channel, address)]}))


_IN_FORCE = select(Suppression).where(
    Suppression.channel == bindparam("at"),
    Suppression.address.in_(bindparam("to", expanding=True)),
    Suppression.lifted_at.is_(None),
)


def _log_stop(
    session: Session, actor: Actor, kind: Kind, point: ContactPoint, reasons: list[str], detail: str | None
) -> None:
    about = log.About(contact_id=point.contact_id, contact_point_id=point.id, subject=("contact-point", point.id))
    payload = {"channel": point.channel, "reasons": reasons} | ({"detail": detail} if detail else {})
    log.append(session, actor, kind, about=about, payload=payload)
