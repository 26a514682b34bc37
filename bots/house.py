"""What the bots know of the business they speak for."""

from dataclasses import dataclass

from mcrm.config import Limits, Settings


@dataclass(frozen=True, slots=True)
class House:
    """Its name, where it is, its language, its limits, and the name of its bot on Telegram if there is one."""

    business_name: str
    locale: str
    region: str
    limits: Limits
    telegram_bot: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> "House":
        """As the settings say."""
        return cls(
            settings.business_name,
            settings.default_locale,
            settings.default_region,
            settings.limits,
            settings.telegram.bot_username if settings.telegram else None,
        )
