"""What the bots know of the business they speak for."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from mcrm.config import Limits, Settings


@dataclass(frozen=True, slots=True)
class House:
    """Its name, where it is, its language, its time zone, and its limits."""

    business_name: str
    locale: str
    region: str
    zone: ZoneInfo
    limits: Limits

    @classmethod
    def of(cls, settings: Settings) -> "House":
        """As the settings say."""
        return cls(
            business_name=settings.business_name,
            locale=settings.default_locale,
            region=settings.default_region,
            zone=settings.timezone,
            limits=settings.limits,
        )
