"""Use cases of templates, and the words that other parts send."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.audit import trail
from mcrm.deliveries.outbox import Wording
from mcrm.editing import edit
from mcrm.interactions.kinds import Kind
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import FALLBACK_LOCALE, SMS_MOST_SEGMENTS
from mcrm.templates import lint, rendering
from mcrm.templates.catalogue import MESSAGES, TITLED, Message, Values
from mcrm.templates.errors import NoSuchMessage, TemplateInvalid, TemplateTaken, TemplateUnknown
from mcrm.templates.lint import Finding, Words
from mcrm.templates.models import Template, TemplateVersion
from mcrm.templates.rendering import Unreadable

log = logging.getLogger(__name__)


def wordings(session: Session, message: Message, locale: str | None, values: Values) -> dict[str, Wording]:
    """Channel to the business's own words, in the best language there is; channels without any are left out.

    The language goes from `en-GB` to `en` to the setting `fallback-locale`; whoever calls has built-in words for the
    rest. Words that cannot be rendered, or come to nothing, are left out too: news must not stay unsaid for a template.
    """
    wanted = _languages(session, locale)
    query = select(Template).where(Template.key == message.key, Template.locale.in_(wanted))
    best: dict[str, Template] = {}
    for template in sorted(session.scalars(query), key=lambda one: wanted.index(one.locale)):
        best.setdefault(template.channel, template)
    said: dict[str, Wording] = {}
    for channel, template in best.items():
        try:
            words = rendered(template.subject, template.body, channel, values)
        except Unreadable:
            words = Wording(text="", title=None)
        if words["text"]:
            said[channel] = words
        else:
            log.warning("template %s could not be rendered; the built-in words were used", template.id)
    return said


def rendered(subject: str | None, body: str, channel: str, values: Values) -> Wording:
    """The words for these values; raises Unreadable."""
    title = rendering.render(subject, values) if subject is not None and channel in TITLED else None
    return Wording(text=rendering.render(body, values), title=title)


def _languages(session: Session, locale: str | None) -> list[str]:
    own = [locale, locale.partition("-")[0]] if locale else []
    return list(dict.fromkeys([*own, str(settings_store.value(session, FALLBACK_LOCALE))]))


def message_of(key: str) -> Message:
    """The message of a key; raises NoSuchMessage."""
    if key not in MESSAGES:
        raise NoSuchMessage(field="key")
    return MESSAGES[key]


def listed(**wanted: str | None) -> Select[Template]:
    """The templates whose columns have these values, where one is given."""
    query = select(Template)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(getattr(Template, name) == value)
    return query


def get(session: Session, template_id: UUID) -> Template:
    """A template by id; raises TemplateUnknown."""
    if (template := session.get(Template, template_id)) is None:
        raise TemplateUnknown()
    return template


def versions_of(template_id: UUID) -> Select[TemplateVersion]:
    """Every version of a template."""
    return select(TemplateVersion).where(TemplateVersion.template_id == template_id)


def create(session: Session, actor: Actor, *, key: str, channel: str, locale: str, **words: Any) -> Template:
    """Give a message words of the business's own. Raises NoSuchMessage, TemplateInvalid, TemplateTaken."""
    template = Template(key=message_of(key).key, channel=channel, locale=locale, **words)
    _require_sound(session, template)
    _store(session, actor, template)
    trail.record(session, actor, Kind.TEMPLATE_CREATED, subject=("template", template.id), fields=["body"])
    return template


def change(session: Session, actor: Actor, template: Template, changes: Mapping[str, Any]) -> Template:
    """Change the words; the earlier ones are kept as a version. Raises TemplateInvalid."""
    if changed := edit(template, changes):
        with session.no_autoflush:
            _require_sound(session, template)
        _store(session, actor, template)
        trail.record(session, actor, Kind.TEMPLATE_CHANGED, subject=("template", template.id), fields=changed)
    return template


def remove(session: Session, actor: Actor, template: Template) -> None:
    """Go back to the built-in words; the versions stay."""
    session.delete(template)
    session.flush()
    trail.record(session, actor, Kind.TEMPLATE_REMOVED, subject=("template", template.id))


def findings(session: Session, template: Template) -> list[Finding]:
    """What there is to know about a template, stored or not."""
    query = select(Template.locale).where(Template.key == template.key, Template.channel == template.channel)
    return lint.findings(
        message_of(template.key),
        Words(template.channel, template.locale, template.subject, template.body),
        most_segments=settings_store.value(session, SMS_MOST_SEGMENTS),
        fallback_locale=str(settings_store.value(session, FALLBACK_LOCALE)),
        locales={template.locale, *session.scalars(query)},
    )


def _require_sound(session: Session, template: Template) -> None:
    if errors := [finding for finding in findings(session, template) if finding.is_error]:
        raise TemplateInvalid(" ".join(finding.detail for finding in errors), field=errors[0].field)


def _store(session: Session, actor: Actor, template: Template) -> None:
    try:
        with session.begin_nested():
            session.add(template)
    except IntegrityError:
        raise TemplateTaken() from None
    words = {name: getattr(template, name) for name in ("key", "channel", "locale", "subject", "body")}
    session.add(TemplateVersion(template_id=template.id, number=template.rev, changed_by=actor.label, **words))
