"""Statements past the engine say what they say by way of it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import Database, looking
from mcrm.ids import new_id
from mcrm.prepared import LONGEST, Prepared
from tests.cast import a_customer, a_product

POINTS = ContactPoint.__table__
CONTACTS = Contact.__table__
NAMED = select(CONTACTS).where(CONTACTS.c.id.in_(bindparam("ids", expanding=True))).order_by(CONTACTS.c.id)


@pytest.mark.parametrize("count", [0, 1, 3, LONGEST, LONGEST + 1])
def test_a_prepared_select_of_every_type_answers_as_the_engine_does(session: Session, count: int) -> None:
    people = [a_customer(session, f"Person {n}") for n in range(3)]
    session.flush()
    asked = {"ids": ([person.id for person in people] + [new_id() for _ in range(LONGEST)])[:count]}
    rows = Prepared(NAMED).all(session.connection(), asked)
    assert [tuple(row) for row in rows] == [tuple(row) for row in session.connection().execute(NAMED, asked)]
    assert [row.name for row in rows] == [f"Person {n}" for n in range(min(count, 3))]
    assert all(isinstance(row.id, UUID) and row.created_at.tzinfo and row.custom == {} for row in rows)


def test_the_same_statement_serves_lists_of_several_lengths(session: Session) -> None:
    ids = [a_customer(session, f"Person {n}").id for n in range(3)]
    session.flush()
    prepared = Prepared(NAMED)
    assert [len(prepared.all(session.connection(), {"ids": ids[:n]})) for n in (1, 3, 2, 3, 1)] == [1, 3, 2, 3, 1]


def test_a_missing_parameter_is_an_error_and_not_a_null(session: Session) -> None:
    prepared = Prepared(select(CONTACTS.c.id).where(CONTACTS.c.id == bindparam("id")))
    assert prepared.first(session.connection(), {"id": new_id()}) is None
    with pytest.raises(KeyError):
        prepared.first(session.connection(), {})


def test_a_prepared_update_gives_back_what_it_wrote(session: Session) -> None:
    product = a_product(session, code="MUG", stock=1)
    session.flush()
    products = type(product).__table__
    renamed: Any = update(products).where(products.c.id == bindparam("which"))
    renamed = renamed.values(name=bindparam("words"), updated_at=bindparam("now")).returning(products.c.id)
    written = {"which": product.id, "words": "A mug", "now": clock.now()}
    assert Prepared(renamed).scalar(session.connection(), written) == product.id
    session.expire_all()
    assert product.name == "A mug"


def test_what_the_database_refuses_is_the_engines_error_and_quotes_no_value(session: Session) -> None:
    taken: Any = insert(POINTS).values({name: bindparam(name) for name in POINT}).returning(POINTS.c.id)
    prepared = Prepared(taken)
    row = POINT | {"id": new_id(), "created_at": clock.now(), "updated_at": clock.now()}
    prepared.all(session.connection(), row)
    with pytest.raises(IntegrityError) as refused:
        prepared.all(session.connection(), row | {"id": new_id()})
    assert "+447700900201" not in str(refused.value).partition("DETAIL")[0]


POINT: dict[str, Any] = {
    "id": None,
    "created_at": None,
    "updated_at": None,
    "rev": 1,
    "channel": "sms",
    "address": "+447700900201",
    "state": "active",
}


def test_a_column_whose_default_is_ours_has_to_be_named(session: Session) -> None:
    forgetful: Any = insert(POINTS).values(address=bindparam("address")).returning(POINTS.c.id)
    with pytest.raises(TypeError, match="default of ours"):
        Prepared(forgetful).all(session.connection(), {"address": "+447700900201"})


def test_a_look_begins_the_readers_transaction(committed: Database) -> None:
    with looking(committed) as connection:
        assert Prepared(select(CONTACTS.c.id)).all(connection, {}) == []
        assert connection.in_transaction()
