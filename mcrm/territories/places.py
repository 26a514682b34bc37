"""Which territory a postcode lies in: the longest beginning that somebody gave to one."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.audit import trail
from mcrm.ids import new_id
from mcrm.interactions.kinds import Kind
from mcrm.territories.errors import PlaceInvalid, PlaceTaken, PlaceUnknown
from mcrm.territories.models import Territory, TerritoryPlace
from mcrm.transaction import insert_once

BRITISH = re.compile(r"(?P<area>[A-Z]{1,2})[0-9][0-9A-Z]?")
PREFIX = re.compile(r"[0-9A-Z](?:[0-9A-Z -]{0,14}[0-9A-Z])?")
COUNTRY = re.compile(r"[A-Z]{2}")


def of(session: Session, territory_id: UUID) -> list[TerritoryPlace]:
    """The places of a territory, by country and prefix."""
    query = select(TerritoryPlace).where(TerritoryPlace.territory_id == territory_id)
    return list(session.scalars(query.order_by(TerritoryPlace.country, TerritoryPlace.prefix)))


def find(session: Session, country: str, postcode: str) -> TerritoryPlace | None:
    """The place with the longest beginning of this postcode."""
    beginnings = beginnings_of(country.upper(), postcode)
    query = select(TerritoryPlace).where(
        TerritoryPlace.country == country.upper(), TerritoryPlace.prefix.in_(beginnings)
    )
    return max(session.scalars(query), key=lambda place: len(place.prefix), default=None)


def beginnings_of(country: str, postcode: str) -> Sequence[str]:
    """What a postcode counts as beginning with.

    In Britain its area, its district, its sector and itself: BS16 2AA is no part of BS1. Elsewhere every beginning.
    """
    code = " ".join(postcode.upper().split())
    if country == "GB":
        packed = code.replace(" ", "")
        district, inward = packed[:-3], packed[-3:]
        if match := BRITISH.fullmatch(district):
            return (match["area"], district, f"{district} {inward[0]}", f"{district} {inward}")
    return tuple(code[:end].rstrip() for end in range(1, len(code) + 1))


def give(session: Session, actor: Actor, territory: Territory, country: str, prefix: str) -> TerritoryPlace:
    """Let postcodes that begin so be the territory's; giving twice changes nothing. Raises PlaceInvalid, PlaceTaken."""
    country, prefix = _spelt(country, prefix)
    row = {
        "id": new_id(),
        "created_at": clock.now(),
        "territory_id": territory.id,
        "country": country,
        "prefix": prefix,
    }
    made = insert_once(session, TerritoryPlace, row, unique=["country", "prefix"])
    if made is None:
        known = session.scalars(_place(country, prefix)).one()
        if known.territory_id != territory.id:
            raise PlaceTaken()
        return known
    _trace(session, actor, territory, f"+{country} {prefix}")
    return made


def take(session: Session, actor: Actor, territory: Territory, country: str, prefix: str) -> None:
    """Take a place from a territory; raises PlaceUnknown, PlaceInvalid."""
    country, prefix = _spelt(country, prefix)
    known = session.scalar(_place(country, prefix).where(TerritoryPlace.territory_id == territory.id))
    if known is None:
        raise PlaceUnknown()
    session.execute(delete(TerritoryPlace).where(TerritoryPlace.id == known.id))
    _trace(session, actor, territory, f"-{country} {prefix}")


def _spelt(country: str, prefix: str) -> tuple[str, str]:
    country, prefix = country.upper(), " ".join(prefix.upper().split())
    if not COUNTRY.fullmatch(country) or not PREFIX.fullmatch(prefix):
        raise PlaceInvalid()
    return country, prefix


def _place(country: str, prefix: str) -> Select[TerritoryPlace]:
    return select(TerritoryPlace).where(TerritoryPlace.country == country, TerritoryPlace.prefix == prefix)


def _trace(session: Session, actor: Actor, territory: Territory, change: str) -> None:
    subject = ("territory", territory.id)
    trail.record(
        session, actor, Kind.TERRITORY_PLACES_SET, subject=subject, fields=["places"], payload={"place": change}
    )
