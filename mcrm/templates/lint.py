"""What is wrong with a template before anybody gets it: errors, which it is not saved with, and warnings."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mcrm.deliveries.segments import Encoding, segments
from mcrm.templates import rendering
from mcrm.templates.catalogue import TITLED, Message, TemplateChannel
from mcrm.templates.rendering import Unreadable


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know: `field` is `subject` or `body`, `is_error` tells whether it can be saved all the same."""

    code: str
    field: str
    detail: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What is looked at: the words for one channel in one language."""

    channel: str
    locale: str
    subject: str | None
    body: str


def findings(
    message: Message, words: Words, *, most_segments: int, fallback_locale: str, locales: Collection[str]
) -> list[Finding]:
    """Everything to know about these words. `locales` are those that the message has on this channel, this included."""
    return [
        *_unreadable(message, words),
        *_length(message, words, most_segments),
        *_subject(words),
        *_languages(fallback_locale, locales),
    ]


def _unreadable(message: Message, words: Words) -> Iterator[Finding]:
    for field, source in (("subject", words.subject), ("body", words.body)):
        if source is None:
            continue
        try:
            rendering.check(source, message.variables)
            if not rendering.render(source, message.sample):
                yield Finding("empty", field, "Nothing would be said.", is_error=True)
        except Unreadable as error:
            yield Finding("unreadable", field, str(error), is_error=True)


def _length(message: Message, words: Words, most_segments: int) -> Iterator[Finding]:
    if words.channel != TemplateChannel.SMS:
        return
    try:
        rendering.check(words.body, message.variables)
        encoding, needed = segments(rendering.render(words.body, message.sample))
    except Unreadable:
        return
    if needed > most_segments:
        detail = f"A text takes {needed} segments; at most {most_segments} are allowed."
        yield Finding("too-long", "body", detail, is_error=True)
    if encoding is Encoding.UCS2:
        yield Finding(
            "dear-alphabet", "body", "A character outside GSM-7 makes a segment 70 characters instead of 160."
        )


def _subject(words: Words) -> Iterator[Finding]:
    if words.subject is not None and words.channel not in TITLED:
        yield Finding("subject-not-shown", "subject", f"Nothing shows a subject on {words.channel}.")


def _languages(fallback_locale: str, locales: Collection[str]) -> Iterator[Finding]:
    if fallback_locale not in locales:
        detail = f"There are no words in {fallback_locale}: people of other languages get the built-in ones."
        yield Finding("missing-locale", "locale", detail)
