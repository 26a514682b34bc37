"""What a customer is asked when a person has finished, per language."""

QUESTION = {
    "en": "Thank you for writing to {business}. How was our help? Reply with a number from 1 (poor) to 5 (excellent).",
    "es": "Gracias por escribir a {business}. ¿Qué tal te ayudamos? Responde del 1 (mal) al 5 (excelente).",
}


def question(locale: str | None, business: str) -> str:
    """The one question about satisfaction; English where there are no words in the customer's language."""
    language = (locale or "en").replace("_", "-").partition("-")[0].lower()
    return QUESTION.get(language, QUESTION["en"]).format(business=business)
