"""What goes to an address that was just taken off, in the languages that are spoken here."""

REPLACED = {
    "en": "Your phone number or mail address with {business} was changed just now, and this one is no longer used. "
    "Was it not you? Write to us at once.",
    "es": "Tu número o correo con {business} acaba de cambiar, y este ya no se usa. "
    "¿No has sido tú? Escríbenos enseguida.",
}


def replaced(business: str, locale: str | None) -> str:
    """The news for the former address; it names neither the new one nor anybody."""
    return REPLACED.get((locale or "en").partition("-")[0], REPLACED["en"]).format(business=business)
