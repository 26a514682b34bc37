"""Distances on the globe, and whether a rep was where the account is. Pure."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from mcrm.visits.models import Verdict

EARTH_M = 6_371_008.8  # the mean radius; the globe's flattening makes this wrong by half a percent at most


@dataclass(frozen=True, slots=True)
class Place:
    """A position in WGS 84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether somebody was there, and how far away, in metres, where both positions are known."""

    verdict: Verdict
    distance_m: int | None


def place(lat: float | None, lon: float | None) -> Place | None:
    """The place of two numbers, None where one is missing."""
    return None if lat is None or lon is None else Place(lat, lon)


def distance_m(one: Place, other: Place) -> float:
    """The great-circle distance in metres (haversine)."""
    lat, other_lat = radians(one.lat), radians(other.lat)
    half_lat, half_lon = (other_lat - lat) / 2, radians(other.lon - one.lon) / 2
    square = sin(half_lat) ** 2 + cos(lat) * cos(other_lat) * sin(half_lon) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(square)))


def judge(
    seen: Place | None, account: Place | None, *, radius_m: float, accuracy_m: float | None, is_mock: bool
) -> Finding:
    """Whether a device that says it is at `seen`, give or take `accuracy_m`, is within the radius of the account.

    What may lie on either side of the line is unknown, and so is whatever an app made up: it proves nothing.
    """
    if seen is None or account is None:
        return Finding(Verdict.UNKNOWN, None)
    away_m = distance_m(seen, account)
    if is_mock:
        verdict = Verdict.UNKNOWN
    elif away_m <= radius_m:
        verdict = Verdict.INSIDE
    elif away_m - (accuracy_m or 0) > radius_m:
        verdict = Verdict.OUTSIDE
    else:
        verdict = Verdict.UNKNOWN
    return Finding(verdict, round(away_m))
