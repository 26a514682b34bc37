"""What the database's errors may say."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.conversations.models import Message
from mcrm.ids import new_id


def test_an_error_of_the_database_never_quotes_what_a_customer_wrote(session: Session) -> None:
    id_ = new_id()
    row = {"id": id_, "created_at": clock.now(), "channel": "sms", "direction": "in", "provider_id": "SM1"}
    words = {"kind": "text", "text": "my address is 1 Quay Street", "understood": {}}
    with pytest.raises(DBAPIError) as raised:
        for _ in range(2):
            session.execute(insert(Message).values(**row, **words))
    assert "INSERT INTO messages" in str(raised.value)
    assert "Quay Street" not in str(raised.value)
