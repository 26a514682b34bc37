"""Answers as people write them: what they mean is data of their language."""

import pytest

from bots.catalogue import words
from bots.slots import Asked, chosen_in, read
from bots.talk import Option, Ports, phrase

NOBODY = Ports(track=lambda number: None, orders=lambda most: ())


def value(language: str, kind: str, text: str) -> str | None:
    return read(kind, text, Asked(words(language), NOBODY))


@pytest.mark.parametrize(
    ("language", "text", "means"),
    [
        ("en", "22:00-07:00", "22:00-07:00"),
        ("en", "from 10pm to 7am", "22:00-07:00"),
        ("en", "10 at night until 7 in the morning", "22:00-07:00"),
        ("en", "never", "off"),
        ("en", "soon", None),
        ("es", "de 22:00 a 07:00", "22:00-07:00"),
        ("es", "de las 10 de la noche a las 7 de la mañana", "22:00-07:00"),
        ("es", "nunca", "off"),
    ],
)
def test_quiet_hours_are_understood(language: str, text: str, means: str | None) -> None:
    assert value(language, "night", text) == means


@pytest.mark.parametrize(
    ("language", "text", "means"),
    [
        ("en", "i want 2 instead", "2"),
        ("en", "make it 12 bags please", "12"),
        ("en", "remove it", "0"),
        ("en", "2 or 3", None),
        ("en", "order 1002", None),
        ("es", "quiero 2 bolsas por favor", "2"),
        ("es", "quítalo", "0"),
        ("es", "2 o 3", None),
    ],
)
def test_a_count_is_understood_in_its_sentence(language: str, text: str, means: str | None) -> None:
    assert value(language, "quantity", text) == means


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "change my e-mail"), ("en", "my email is another"), ("es", "cambiar mi email")]
)
def test_mail_has_many_names(language: str, sentence: str) -> None:
    names = {"en": ("my name", "my mail address"), "es": ("mi nombre", "mi correo")}[language]
    options = tuple(Option(option, phrase(option), name) for option, name in zip(("name", "mail"), names, strict=True))
    assert chosen_in(sentence, options, words(language)) == "mail"
