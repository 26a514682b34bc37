"""Whatever the longest text is made of, the log takes it: JSON writes a control character as six."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from tests.callers import as_staff
from tests.cast import a_customer


@pytest.mark.parametrize("character", ["\x01", '"', "\U0001f600", "\u2028"])
def test_notes_of_four_thousand_of_any_character_are_taken(
    client: FlaskClient, session: Session, character: str
) -> None:
    ben: Any = a_customer(session, "Ben Okafor")
    session.commit()
    ada, text = as_staff(client, Role.ADMIN), character * 4000
    for path in (f"/v1/accounts/{ben.account_id}/notes", f"/v1/contacts/{ben.id}/notes"):
        assert ada.post(path, {"text": text}).status_code == 201
        assert ada.get(path).json["items"][0]["text"] == text
