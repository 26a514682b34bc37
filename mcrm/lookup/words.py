"""How texts become keys: without case, accents and punctuation, the same for what is stored and what is asked."""

import re
import unicodedata

LONGEST_KEY = 64
MOST_WORDS = 12
WORD = re.compile(r"[^\W_]+")
NOT_DIGIT = re.compile(r"\D")
LAST_DIGITS = 8  # what two spellings of one phone number share, with or without country and trunk prefix
GOOGLE = ("gmail.com", "googlemail.com")


def plain(text: str) -> str:
    """Without accents and case: `Zoë` and `ZOE` are the same."""
    if text.isascii():  # most are; there is nothing to take off
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()


def words_of(text: str) -> list[str]:
    """The words of a text, plain, at most twelve."""
    return WORD.findall(plain(text))[:MOST_WORDS]


def name_keys(name: str) -> set[str]:
    """The keys of a name: one per word."""
    return {f"w:{word}"[:LONGEST_KEY] for word in words_of(name)}


def number_keys(number: str | None) -> set[str]:
    """The key of a customer's or an account's number: letters and digits alone."""
    return {number_key(number)} if number else set()


def number_key(number: str) -> str:
    """`C-1017` and `c 1017` are the same number."""
    return ("n:" + "".join(WORD.findall(plain(number))))[:LONGEST_KEY]


def phone_keys(number: str) -> set[str]:
    """Found by its beginning, and by its end: people remember the last digits."""
    digits = NOT_DIGIT.sub("", number)
    return {f"p:{digits}", f"r:{digits[::-1]}", f"=p:{digits[-LAST_DIGITS:]}"}


def mail_keys(address: str) -> set[str]:
    """Found by its beginning; alike whatever stands behind a `+`, and with or without dots at Google."""
    address = plain(address)
    local, _, domain = address.partition("@")
    local = local.partition("+")[0]
    if domain in GOOGLE:
        local, domain = local.replace(".", ""), GOOGLE[0]
    return {f"m:{address}"[:LONGEST_KEY], f"=m:{local}@{domain}"[:LONGEST_KEY]}


def same_name_keys(name: str) -> set[str]:
    """The mark that two people of the same name share, in whatever order it was written."""
    words = sorted(words_of(name))
    return {f"=n:{' '.join(words)}"[:LONGEST_KEY]} if len(words) > 1 else set()


def postcode_keys(country: str, postcode: str | None) -> set[str]:
    """The mark that two addresses of the same postcode share."""
    code = "".join(WORD.findall(plain(postcode or "")))
    return {f"=z:{country}{code}"[:LONGEST_KEY]} if code else set()
