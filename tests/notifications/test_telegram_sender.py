"""Telegram: what is asked of the Bot API, and what each of its answers means to the outbox."""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from mcrm.config import Telegram
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Moved, Operation, Outcome, Sent, Suppressed
from notifications.telegram import TelegramSender
from tests.notifications.cast import BEN_CHAT, BOT_TOKEN, NOBODY, SHORT_S, WEBHOOK_SECRET, to_ben
from tests.notifications.scripted import Answer, Asked, Scripted, as_json


def taken(message_id: int = 41) -> Answer:
    chat = {"id": int(BEN_CHAT), "type": "private"}
    return as_json(200, {"ok": True, "result": {"message_id": message_id, "date": 1764100000, "chat": chat}})


def refused(code: int, description: str, **parameters: int) -> Answer:
    content = {"ok": False, "error_code": code, "description": description}
    return as_json(code, {**content, "parameters": parameters} if parameters else content)


def fields(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}


def test_a_message_carries_its_buttons(telegram, provider):
    provider.says(taken(41))

    outcome = telegram.send(to_ben("telegram", "Which order?", buttons=((("1042", "t:1042"), ("1043", "t:1043")),)))

    assert outcome == Sent("41")
    (asked,) = provider.asked
    assert asked.path == f"/bot{BOT_TOKEN}/sendMessage"
    assert fields(asked)["chat_id"] == BEN_CHAT and fields(asked)["text"] == "Which order?"
    (row,) = json.loads(fields(asked)["reply_markup"])["inline_keyboard"]
    assert row == [{"text": "1042", "callback_data": "t:1042"}, {"text": "1043", "callback_data": "t:1043"}]


def test_a_customer_is_asked_for_the_number_by_a_button_that_goes_away_again(telegram, provider):
    provider.says(taken())
    telegram.send(to_ben("telegram", reply_keyboard=True, buttons=((("Share my number", "contact"),),)))
    telegram.send(to_ben("telegram", reply_keyboard=True))

    asking, thanking = (json.loads(fields(asked)["reply_markup"]) for asked in provider.asked)
    assert asking["keyboard"] == [[{"text": "Share my number", "request_contact": True}]]
    assert thanking == {"remove_keyboard": True}


def test_an_earlier_message_is_edited_and_a_tap_answered(telegram, provider):
    provider.says(taken(41), as_json(200, {"ok": True, "result": True}))

    edit = telegram.send(to_ben("telegram", "Delivered.", operation=Operation.EDIT, reference="41"))
    answer = telegram.send(to_ben("telegram", "", operation=Operation.ANSWER, reference="998877"))

    assert (edit, answer) == (Sent("41"), Sent("998877"))
    edited, answered = provider.asked
    assert edited.path.endswith("/editMessageText") and fields(edited)["message_id"] == "41"
    assert answered.path.endswith("/answerCallbackQuery") and fields(answered) == {"callback_query_id": "998877"}


def test_an_edit_without_words_takes_the_buttons_and_leaves_the_text(telegram, provider):
    provider.says(taken(41))

    assert telegram.send(to_ben("telegram", "", operation=Operation.EDIT, reference="41")) == Sent("41")
    [edited] = provider.asked
    assert edited.path.endswith("/editMessageReplyMarkup")
    assert "text" not in fields(edited) and "reply_markup" not in fields(edited)


TOKEN_REFUSED = Deferred("telegram.bad-token", retry_after_s=300, pauses_sender=True, counts=False, alert=True)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            refused(429, "Too Many Requests: retry after 9", retry_after=9),
            Deferred("telegram.429", retry_after_s=9, pauses_sender=True, counts=False),
        ),
        (refused(403, "Forbidden: bot was blocked by the user"), Suppressed("telegram.forbidden")),
        (refused(403, "Forbidden: user is deactivated"), Suppressed("telegram.forbidden")),
        (refused(403, "Forbidden: bot was kicked from the group chat"), Suppressed("telegram.forbidden")),
        (refused(403, "Forbidden: something new"), Suppressed("telegram.forbidden")),
        (
            refused(403, "Forbidden: bot can't initiate conversation with a user"),
            Failed("telegram.never-linked", address_invalid=True),
        ),
        (refused(400, "Bad Request: chat not found"), Failed("telegram.chat-not-found", address_invalid=True)),
        (refused(400, "Bad Request: can't parse entities"), Failed("telegram.bad-request", alert=True)),
        (refused(400, "Bad Request: message is too long"), Failed("telegram.bad-request", alert=True)),
        (
            refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100700201),
            Moved("-100700201"),
        ),
        (refused(401, "Unauthorized"), TOKEN_REFUSED),
        (refused(404, "Not Found"), TOKEN_REFUSED),
        (refused(500, "Internal Server Error"), Deferred("telegram.5xx")),
        (Answer(502, b"<html>bad gateway</html>"), Deferred("telegram.5xx")),
        (Answer(cut=True), Ambiguous("telegram.no-answer")),
        (Answer(hang_s=SHORT_S * 3), Ambiguous("telegram.no-answer")),
        (Answer(200, b"<html>"), Ambiguous("telegram.unreadable-answer")),
    ],
)
def test_each_answer_of_telegram_means_one_thing_and_is_asked_for_once(
    telegram: TelegramSender, provider: Scripted, caplog: pytest.LogCaptureFixture, answer: Answer, outcome: Outcome
):
    caplog.set_level(logging.INFO)
    provider.says(answer)

    assert telegram.send(to_ben("telegram")) == outcome
    assert len(provider.asked) == 1
    assert caplog.records == []


@pytest.mark.parametrize(
    ("operation", "description"),
    [
        (Operation.EDIT, "Bad Request: message is not modified: specified new message content is the same"),
        (Operation.ANSWER, "Bad Request: query is too old and response timeout expired or query id is invalid"),
    ],
)
def test_an_edit_or_an_answer_that_came_too_late_harms_nobody(telegram, provider, operation, description):
    provider.says(refused(400, description))

    assert telegram.send(to_ben("telegram", operation=operation, reference="41")) == Sent("41")


def test_an_edit_of_a_message_that_the_customer_deleted_alerts_nobody(telegram, provider):
    provider.says(refused(400, "Bad Request: message to edit not found"))

    outcome = telegram.send(to_ben("telegram", operation=Operation.EDIT, reference="41"))

    assert outcome == Failed("telegram.message-gone")


def test_a_message_that_never_left_is_queued_again():
    sender = TelegramSender(Telegram(BOT_TOKEN, WEBHOOK_SECRET, NOBODY))

    assert sender.send(to_ben("telegram")) == Deferred("telegram.connect-failed")
    sender.close()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"buttons": ((("Order", "t:" + "é" * 32),),)}, "telegram.bad-button"),
        ({"buttons": ((("Order", ""),),)}, "telegram.bad-button"),
        ({"address": "@ben"}, "telegram.bad-address"),
        ({"operation": Operation.EDIT}, "telegram.no-reference"),
        ({"operation": Operation.EDIT, "reference": "x"}, "telegram.bad-reference"),
    ],
)
def test_what_telegram_could_only_refuse_is_not_sent(telegram, provider, facts, reason):
    provider.says(taken())

    assert telegram.send(to_ben("telegram", **facts)) == Failed(reason, alert=True)
    assert provider.asked == []


def test_messages_of_many_threads_and_of_one_batch_come_back_in_order(telegram, provider):
    provider.says(taken(1))
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(telegram.send, [to_ben("telegram", f"No. {n}") for n in range(24)])) == {Sent("1")}

    mixed = [to_ben("telegram"), to_ben("telegram", address="@ben"), to_ben("telegram")]
    assert telegram.send_many(mixed) == [Sent("1"), Failed("telegram.bad-address", alert=True), Sent("1")]
    assert len(provider.asked) == 26


def test_no_thread_runs_before_the_first_message_nor_after_the_end(provider):
    def started() -> set[str]:
        return {thread.name for thread in set(threading.enumerate()) - before}

    before = set(threading.enumerate())
    sender = TelegramSender(Telegram(BOT_TOKEN, WEBHOOK_SECRET, provider.base))
    provider.says(taken())
    assert "telegram" not in started()
    assert sender.send(to_ben("telegram")) == Sent("41")
    assert "telegram" in started()
    sender.close()
    assert "telegram" not in started()
    assert sender.send(to_ben("telegram")) == Sent("41")
    sender.close()


def test_the_webhook_is_set_with_its_secret(telegram, provider):
    provider.says(as_json(200, {"ok": True, "result": True}))
    telegram.set_webhook("https://crm.harbourandpine.example/webhooks/telegram")

    form = fields(provider.asked[0])
    assert form["url"] == "https://crm.harbourandpine.example/webhooks/telegram"
    assert form["secret_token"] == WEBHOOK_SECRET
    assert json.loads(form["allowed_updates"]) == ["message", "callback_query", "my_chat_member"]


def test_the_bots_name_is_asked_for_deep_links(telegram, provider):
    me = {"id": 700100, "is_bot": True, "first_name": "Harbour & Pine", "username": "harbour_pine_bot"}
    provider.says(as_json(200, {"ok": True, "result": me}))

    assert telegram.username() == "harbour_pine_bot"
