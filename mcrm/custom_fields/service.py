"""Use cases of custom fields: define them, hold values to them, filter by them, hide what is not defined."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, cast, exists, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.audit import trail
from mcrm.custom_fields import values
from mcrm.custom_fields.errors import CustomFieldTaken, CustomFieldUnknown, NoSuchField, OptionsMisfit
from mcrm.custom_fields.models import CHOICES, CustomFieldDefinition, FieldTable, FieldType
from mcrm.custom_fields.values import Definition
from mcrm.editing import edit
from mcrm.interactions.kinds import Kind

COLUMNS = CustomFieldDefinition.__table__.c
DEFINED = select(COLUMNS.name, COLUMNS.type, COLUMNS.is_required, COLUMNS.options).where(COLUMNS.deleted_at.is_(None))


def definitions(table: FieldTable | None = None) -> Select[CustomFieldDefinition]:
    """The definitions in force, of one table or of all."""
    query = select(CustomFieldDefinition).where(CustomFieldDefinition.deleted_at.is_(None))
    return query if table is None else query.where(CustomFieldDefinition.table_name == table.value)


def define(
    session: Session,
    actor: Actor,
    *,
    table: FieldTable,
    name: str,
    type: FieldType,
    label: str,
    is_required: bool = False,
    options: Sequence[str] = (),
) -> CustomFieldDefinition:
    """Add a field to a table; one that was deleted comes back with the values that were kept.

    Raises CustomFieldTaken, also where kept values are of another type, and OptionsMisfit.
    """
    _check_options(type, options)
    facts: dict[str, Any] = {"label": label, "is_required": is_required, "options": sorted(set(options))}
    found = session.scalar(
        select(CustomFieldDefinition).where(
            CustomFieldDefinition.table_name == table.value, CustomFieldDefinition.name == name
        )
    )
    if found is not None:
        if found.deleted_at is None or found.type != type:
            raise CustomFieldTaken(field="name")
        edit(found, {**facts, "deleted_at": None})
        session.flush()
    else:
        found = CustomFieldDefinition(table_name=table.value, name=name, type=type.value, **facts)
        try:
            with session.begin_nested():
                session.add(found)
        except IntegrityError:
            raise CustomFieldTaken(field="name") from None
    _log(session, actor, Kind.CUSTOM_FIELD_DEFINED, found, {"type": found.type})
    return found


def change(
    session: Session, actor: Actor, definition: CustomFieldDefinition, changes: dict[str, Any]
) -> CustomFieldDefinition:
    """Change label, options, or whether a value is required; the type never changes. Raises OptionsMisfit."""
    if "options" in changes:
        _check_options(FieldType(definition.type), changes["options"])
        changes["options"] = sorted(set(changes["options"]))
    if changed := edit(definition, changes):
        session.flush()
        _log(session, actor, Kind.CUSTOM_FIELD_CHANGED, definition, {"changed": changed})
    return definition


def remove(session: Session, actor: Actor, definition: CustomFieldDefinition) -> None:
    """Take a field away: its values are hidden, and kept in case it comes back."""
    definition.deleted_at = clock.now()
    session.flush()
    _log(session, actor, Kind.CUSTOM_FIELD_REMOVED, definition, {})


def known(session: Session, id: Any) -> CustomFieldDefinition:
    """The definition; raises CustomFieldUnknown, for a deleted one too."""
    found = session.scalar(definitions().where(CustomFieldDefinition.id == id))
    if found is None:
        raise CustomFieldUnknown
    return found


def checked(
    session: Session, table: FieldTable, given: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The values to store when these are given, over those of `before` (None: a new row).

    Raises NoSuchField, ValueInvalid and ValueMissing, naming `custom.<name>`.
    """
    return values.merged(in_force(session, table), given, before)


def in_force(session: Session | Connection, table: FieldTable) -> dict[str, Definition]:
    """The definitions of a table by name."""
    rows = session.execute(DEFINED.where(COLUMNS.table_name == table.value))
    return {row.name: Definition(row.name, FieldType(row.type), row.is_required, tuple(row.options)) for row in rows}


def shown(definitions: Mapping[str, Definition], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The values that have a definition: the others are kept, and hidden."""
    return {name: value for name, value in stored.items() if name in definitions}


def hide(session: Session | Connection, table: FieldTable, items: Sequence[dict[str, Any]]) -> None:
    """Leave in each item's `custom` what is defined; a list without custom values costs no query."""
    if any(item["custom"] for item in items):
        defined = in_force(session, table)
        for item in items:
            item["custom"] = shown(defined, item["custom"])


def filtered(
    session: Session, query: Select[Any], column: Any, table: FieldTable, wanted: Mapping[str, str]
) -> Select[Any]:
    """Narrowed to rows whose values in `column` are these, compared by type. Raises NoSuchField and ValueInvalid."""
    if not wanted:
        return query
    definitions, dialect = in_force(session, table), session.get_bind().dialect.name
    for name, text in wanted.items():
        if name not in definitions:
            raise NoSuchField(field=f"custom.{name}")
        query = query.where(_is(column, definitions[name], values.read(definitions[name], text), dialect))
    return query


def _is(column: Any, definition: Definition, value: Any, dialect: str) -> ColumnElement[bool]:
    member: Any = column[definition.name]
    condition: ColumnElement[bool]
    match definition.type:
        case FieldType.BOOLEAN:
            condition = member.as_boolean() == value
        case FieldType.INTEGER if dialect == "sqlite":
            condition = member.as_integer() == value
        case FieldType.INTEGER:  # `as_integer` casts to 32 bits: one larger value would fail the whole list
            condition = cast(member.as_string(), BigInteger) == value
        case FieldType.NUMBER:
            condition = member.as_float() == value
        case FieldType.MULTICHOICE if dialect == "sqlite":
            each = func.json_each(column, f'$."{definition.name}"').table_valued("value")
            condition = exists().where(each.c.value == value)
        case FieldType.MULTICHOICE:
            condition = type_coerce(column, JSONB)[definition.name].contains([value])
        case _:
            condition = member.as_string() == value
    return condition


def _check_options(type: FieldType, options: Sequence[str]) -> None:
    if bool(options) != (type in CHOICES):
        raise OptionsMisfit(field="options")


def _log(
    session: Session, actor: Actor, kind: Kind, definition: CustomFieldDefinition, payload: dict[str, Any]
) -> None:
    named = {"table": definition.table_name, "name": definition.name}
    subject = ("custom-field", definition.id)
    trail.record(session, actor, kind, subject=subject, fields=[definition.name], payload=named | payload)
