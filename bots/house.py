"""What the bots know of the business they speak for."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from bots.model import Models
from mcrm.config import Limits, Settings


@dataclass(frozen=True, slots=True)
class House:
    """Its name, place, language, time zone, limits, bot's name on Telegram, address on the web, models, and mail."""

    business_name: str
    locale: str
    region: str
    zone: ZoneInfo
    limits: Limits
    telegram_bot: str | None = None
    models: Models = field(default_factory=Models)
    public_url: str = ""
    mails: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "House":
        """As the settings say."""
        return cls(
            business_name=settings.business_name,
            locale=settings.default_locale,
            region=settings.default_region,
            zone=settings.timezone,
            limits=settings.limits,
            public_url=settings.public_url,
            mails="email" in settings.channels,
            telegram_bot=settings.telegram.bot_username if settings.telegram else None,
            models=Models(settings.models),
        )
