"""The auditor itself: sound books pass, and each thing that can go wrong is named."""

from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

from mcrm.ids import new_id
from tests.drills.auditor import Books, Sending, faults
from tests.drills.load import Answered

MESSAGE, REPLY, NEWS = new_id(), new_id(), new_id()


def a_sending(id_: UUID, state: str = "accepted", **facts: Any) -> Sending:
    key = ("sms", str(id_), "")
    return replace(Sending(id_, key, state, None, False, None, "Order 1042 is on its way."), **facts)


REPLIED = a_sending(REPLY, "delivered", reply_to_id=MESSAGE, text="Hello.")


def books(**changed: Any) -> Books:
    sound = Books({("sms", "SM1"): MESSAGE}, Counter([MESSAGE]), Counter([REPLY, NEWS]), [REPLIED, a_sending(NEWS)])
    return replace(sound, **changed)


def item(id_: UUID) -> dict[str, Any]:
    return {"channel": "sms", "to": "+447700900201", "raw": {"StatusCallback": f"http://ours/status?d={id_}#rc=3"}}


ANSWERED = Answered(texts={"SM1"}, shipped={"1042"})
ACCEPTED = [item(REPLY), item(NEWS)]


def test_sound_books_have_no_faults() -> None:
    assert faults(ANSWERED, books(), ACCEPTED) == []


def test_a_message_answered_200_that_is_not_kept_is_named() -> None:
    (said,) = faults(replace(ANSWERED, texts={"SM1", "SM2"}), books(), ACCEPTED)
    assert "SM2" in said and "not kept" in said


def test_a_message_without_its_log_row_is_named() -> None:
    (said,) = faults(ANSWERED, books(received=Counter()), ACCEPTED)
    assert f"message {MESSAGE} stands 0 times in the log" in said


def test_a_delivery_without_its_log_row_is_named() -> None:
    (said,) = faults(ANSWERED, books(queued=Counter([REPLY])), ACCEPTED)
    assert f"delivery {NEWS} stands 0 times in the log" in said


def test_a_delivery_that_the_log_tells_of_and_nobody_has_is_named() -> None:
    stranger = new_id()
    (said,) = faults(ANSWERED, books(queued=Counter([REPLY, NEWS, stranger])), ACCEPTED)
    assert str(stranger) in said


def test_a_message_that_nobody_replies_to_is_named() -> None:
    silent = books(sendings=[a_sending(NEWS)], queued=Counter([NEWS]))
    (said,) = faults(ANSWERED, silent, [item(NEWS)])
    assert "nothing was queued" in said


def test_what_the_carrier_never_got_is_named() -> None:
    (said,) = faults(ANSWERED, books(), [item(REPLY)])
    assert "the carrier has 0" in said


def test_a_double_is_named_unless_it_was_in_doubt() -> None:
    twice = [*ACCEPTED, item(NEWS)]
    (said,) = faults(ANSWERED, books(), twice)
    assert "2 times" in said
    in_doubt = [REPLIED, a_sending(NEWS, in_doubt=True)]
    assert faults(ANSWERED, books(sendings=in_doubt), twice) == []


def test_what_is_stuck_or_given_up_is_named() -> None:
    for state in ("queued", "sending", "unknown", "failed"):
        (said,) = faults(ANSWERED, books(sendings=[REPLIED, a_sending(NEWS, state)]), [item(REPLY)])
        assert f"{NEWS} is " in said and state in said


def test_a_shipment_nobody_was_told_of_is_named() -> None:
    (said,) = faults(replace(ANSWERED, shipped={"1043"}), books(), ACCEPTED)
    assert "1043" in said


def test_a_message_out_of_nowhere_is_named() -> None:
    (said,) = faults(ANSWERED, books(), [*ACCEPTED, item(new_id())])
    assert "which no delivery was" in said
