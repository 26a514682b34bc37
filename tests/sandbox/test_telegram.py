"""A bot through python-telegram-bot: what the Bot API takes, refuses and tells."""

import datetime as dt
import json
from typing import Any

import pytest
import requests
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup, Update
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter

from tests.sandbox.conftest import Product, Run
from tests.sandbox_fixture import BOT_TOKEN, WEBHOOK_SECRET, Carrier

BEN = 700201
BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("Track", callback_data="t:1042")]])


def update(product: Product) -> Update:
    call = product.next()
    assert call.path == "/webhooks/telegram"
    assert call.headers["X-Telegram-Bot-Api-Secret-Token"] == WEBHOOK_SECRET
    return Update.de_json(json.loads(call.body))


def test_the_bot_knows_itself(bot: Run) -> None:
    me = bot(lambda b: b.get_me())

    assert (me.is_bot, me.username) == (True, "harbour_pine_bot")


def test_a_message_with_buttons_is_accepted(bot: Run, carrier: Carrier) -> None:
    message = bot(lambda b: b.send_message(BEN, "Your order", reply_markup=BUTTONS))
    [item] = carrier.messages("telegram", to=str(BEN))

    assert (message.text, message.chat.id) == ("Your order", BEN)
    assert message.reply_markup.inline_keyboard[0][0].callback_data == "t:1042"
    assert abs(message.date - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert (item["body"], item["method"], item["provider_id"]) == ("Your order", "sendMessage", str(message.message_id))
    assert item["raw"]["reply_markup"]["inline_keyboard"][0][0]["text"] == "Track"


def test_edits_and_answers_stand_in_the_messages_too(bot: Run, carrier: Carrier, product: Product) -> None:
    message = bot(lambda b: b.send_message(BEN, "Your order", reply_markup=BUTTONS))
    carrier.telegram(BEN, callback_data="t:1042", message_id=message.message_id)
    query = update(product).callback_query
    assert query is not None and query.message is not None and query.message.message_id == message.message_id

    async def react(b: Any) -> None:
        await b.answer_callback_query(query.id, text="On its way")
        await b.edit_message_text("Order 1042 is on its way.", BEN, message.message_id, reply_markup=BUTTONS)
        await b.edit_message_reply_markup(BEN, message.message_id)

    bot(react)
    assert [(item["method"], item["body"]) for item in carrier.messages("telegram", to=str(BEN))] == [
        ("sendMessage", "Your order"),
        ("answerCallbackQuery", "On its way"),
        ("editMessageText", "Order 1042 is on its way."),
        ("editMessageReplyMarkup", "Order 1042 is on its way."),
    ]


def test_what_did_not_change_and_what_does_not_exist_cannot_be_edited(bot: Run, carrier: Carrier) -> None:
    message = bot(lambda b: b.send_message(BEN, "Your order", reply_markup=BUTTONS))

    with pytest.raises(BadRequest, match="Message is not modified"):
        bot(lambda b: b.edit_message_text("Your order", BEN, message.message_id, reply_markup=BUTTONS))
    with pytest.raises(BadRequest, match="Message to edit not found"):
        bot(lambda b: b.edit_message_text("Your order", BEN + 1, message.message_id))


@pytest.mark.parametrize(
    ("text", "keyboard", "problem"),
    [
        ("", None, "message text is empty"),
        ("x" * 4097, None, "message is too long"),
        ("hello", [[InlineKeyboardButton("x", callback_data="é" * 33)]], "BUTTON_DATA_INVALID"),
        ("hello", [[InlineKeyboardButton("x", callback_data="")]], "Text buttons are unallowed"),
        ("hello", [[InlineKeyboardButton("x")]], "Text buttons are unallowed"),
    ],
)
def test_the_bot_api_refuses_what_telegram_refuses(
    bot: Run, carrier: Carrier, text: str, keyboard: Any, problem: str
) -> None:
    markup = None if keyboard is None else InlineKeyboardMarkup(keyboard)
    with pytest.raises(BadRequest):
        bot(lambda b: b.send_message(BEN, text, reply_markup=markup))

    assert carrier.messages() == []


def test_html_is_checked_and_shown_as_words(bot: Run, carrier: Carrier) -> None:
    bot(lambda b: b.send_message(BEN, "<b>Fish &amp; chips</b>", parse_mode="HTML"))
    with pytest.raises(BadRequest, match="Can't parse entities"):
        bot(lambda b: b.send_message(BEN, "<b>Fish", parse_mode="HTML"))
    with pytest.raises(BadRequest, match="Can't parse entities"):
        bot(lambda b: b.send_message(BEN, "a < b <script>", parse_mode="HTML"))

    assert carrier.bodies("telegram") == ["Fish & chips"]


def test_a_wrong_token_is_refused_and_an_unknown_method_too(carrier: Carrier) -> None:
    def status(token: str, method: str) -> int:
        return requests.post(f"{carrier.url}/bot{token}/{method}", timeout=10).status_code

    assert status("7001000:another-token-of-the-same-length-00", "getMe") == 401
    assert status("nonsense", "getMe") == 404
    assert status(BOT_TOKEN, "getStarted") == 404
    assert status(BOT_TOKEN, "GETME") == 200


def test_a_wrong_token_is_an_invalid_token_to_the_sdk(bot: Run) -> None:
    with pytest.raises(InvalidToken):
        bot(lambda b: b.get_me(), token="7001000:another-token-of-the-same-length-00")  # type: ignore[call-arg]


def test_an_unknown_or_old_query_cannot_be_answered(bot: Run) -> None:
    with pytest.raises(BadRequest, match="Query is too old"):
        bot(lambda b: b.answer_callback_query("12345"))


def test_faults_are_the_exceptions_of_the_sdk(bot: Run, carrier: Carrier) -> None:
    def send(b: Any) -> Any:
        return b.send_message(BEN, "hello")

    carrier.fault("telegram", "rate_limit", retry_after_s=7, count=1)
    with pytest.raises(RetryAfter) as limited:
        bot(send)
    assert limited.value._retry_after == dt.timedelta(seconds=7)
    carrier.fault("telegram", "blocked", to=str(BEN), count=1)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        bot(send)
    carrier.fault("telegram", "error", code=400, description="Bad Request: chat not found", count=1)
    with pytest.raises(BadRequest, match="Chat not found"):
        bot(send)
    carrier.fault("telegram", "error", code=400, migrate_to_chat_id=-100700201, count=1)
    with pytest.raises(ChatMigrated) as moved:
        bot(send)
    assert moved.value.new_chat_id == -100700201
    for fault in ({"kind": "server_error"}, {"kind": "hang", "s": 0.05}):
        carrier.fault("telegram", count=1, **fault)
        with pytest.raises(NetworkError):
            bot(send)
    assert carrier.messages() == []

    carrier.fault("telegram", "accept_then_drop_reply", count=1)
    with pytest.raises(NetworkError):
        bot(send)
    assert carrier.bodies("telegram") == ["hello"]


def test_a_command_a_text_and_a_contact_arrive_as_updates(carrier: Carrier, product: Product) -> None:
    answer = carrier.telegram(BEN, "/start abc", language_code="en")
    first = update(product)
    assert answer == {"update_id": first.update_id, "webhook_status": 200}
    assert first.message is not None and first.message.from_user is not None
    assert (first.message.text, first.message.chat.id, first.message.from_user.language_code) == (
        "/start abc",
        BEN,
        "en",
    )
    assert first.message.entities[0].type == "bot_command"

    carrier.telegram(BEN, contact={"phone_number": "+447700900201", "user_id": BEN, "first_name": "Ben"})
    shared = update(product).message
    assert shared is not None and shared.contact is not None
    assert (shared.contact.phone_number, shared.contact.user_id) == ("447700900201", BEN)

    carrier.telegram(BEN, "look at this", forwarded=True)
    forwarded = update(product).message
    assert forwarded is not None and forwarded.forward_origin is not None


def test_an_update_is_repeated_until_it_is_taken_and_later_ones_wait(carrier: Carrier, product: Product) -> None:
    product.answers[:] = [500, 503]
    answer = carrier.telegram(BEN, "first")
    assert answer["webhook_status"] == 500
    carrier.telegram(BEN, "second")
    seen = [update(product) for _ in range(4)]

    assert [one.message.text for one in seen if one.message] == ["first", "first", "first", "second"]
    assert len({one.update_id for one in seen}) == 2


def test_a_replay_is_the_same_update(carrier: Carrier, product: Product) -> None:
    update_id = carrier.telegram(BEN, "orders")["update_id"]

    assert carrier.replay(update_id=update_id) == {"update_id": update_id, "webhook_status": 200}
    assert update(product).update_id == update(product).update_id == update_id


def test_who_blocks_the_bot_is_told_and_cannot_be_reached(bot: Run, carrier: Carrier, product: Product) -> None:
    carrier.telegram(BEN, blocked=True)
    change = update(product).my_chat_member
    assert change is not None and change.new_chat_member.status == "kicked"
    with pytest.raises(Forbidden):
        bot(lambda b: b.send_message(BEN, "hello"))

    carrier.telegram(BEN, "/start")
    assert bot(lambda b: b.send_message(BEN, "hello")).text == "hello"


def test_the_webhook_is_as_it_was_set(bot: Run, product: Product) -> None:
    async def turn(b: Any) -> Any:
        url = f"{product.url}/webhooks/telegram"
        await b.set_webhook(url, secret_token="abc_DEF-1", allowed_updates=["message"], max_connections=10)
        return await b.get_webhook_info()

    info = bot(turn)
    assert (info.url, info.max_connections) == (f"{product.url}/webhooks/telegram", 10)
    assert info.allowed_updates == ("message",)
    with pytest.raises(BadRequest, match="Secret token"):
        bot(lambda b: b.set_webhook(product.url, secret_token="with blanks"))
    with pytest.raises(BadRequest, match="loopback"):
        bot(lambda b: b.set_webhook("https://198.51.100.7/webhook"))


def test_what_waits_without_a_webhook_comes_once_there_is_one(bot: Run, carrier: Carrier, product: Product) -> None:
    bot(lambda b: b.delete_webhook())
    answer = carrier.telegram(BEN, "hello")
    assert answer["webhook_status"] is None
    assert product.quiet()
    carrier.call_webhooks_at(product.url)

    assert update(product).update_id == answer["update_id"]


def test_commands_and_the_chat_can_be_read_back(bot: Run) -> None:
    async def turn(b: Any) -> Any:
        await b.set_my_commands([("orders", "Your orders")])
        await b.send_chat_action(BEN, "typing")
        return await b.get_my_commands(), await b.get_chat(BEN)

    commands, chat = bot(turn)
    assert (commands[0].command, chat.id, chat.type) == ("orders", BEN, "private")


def test_a_reply_keyboard_asks_for_the_number(bot: Run, carrier: Carrier) -> None:
    keyboard = ReplyKeyboardMarkup([[KeyboardButton("Share my number", request_contact=True)]])
    bot(lambda b: b.send_message(BEN, "May we have your number?", reply_markup=keyboard))
    [item] = carrier.messages("telegram")

    assert item["raw"]["reply_markup"]["keyboard"][0][0]["request_contact"] is True
