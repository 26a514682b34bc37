"""What is told of a copy that is ready, per language; numbers and names stand nowhere in it."""

READY = {
    "en": "The copy of your data is ready. Fetch it within a day, and show this link to nobody: {link}",
    "es": "La copia de tus datos está lista. Descárgala en un día y no enseñes este enlace a nadie: {link}",
}
READY_IN_APP = {
    "en": "The copy of your data is ready. Fetch it in the app within a day.",
    "es": "La copia de tus datos está lista. Descárgala en la app en un día.",
}
TITLE = {"en": "Your data", "es": "Tus datos"}


def ready(locale: str | None, link: str) -> str:
    """To the chat or number that it was asked from."""
    return _in(READY, locale).format(link=link)


def ready_in_app(locale: str | None) -> tuple[str, str]:
    """Title and text for the app, which asks for the link itself."""
    return _in(TITLE, locale), _in(READY_IN_APP, locale)


def _in(words: dict[str, str], locale: str | None) -> str:
    """English where there are no words in the customer's language."""
    language = (locale or "en").replace("_", "-").partition("-")[0].lower()
    return words.get(language, words["en"])
