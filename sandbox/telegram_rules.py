"""What the Bot API refuses, with Telegram's own words (core.telegram.org/bots/api; there are no codes to go by)."""

import html.parser
from typing import Any

import orjson

LONGEST_TEXT = 4096
LONGEST_ANSWER = 200
LONGEST_DATA_BYTES = 64
MOST_BUTTONS = 100
MARKUPS = ("inline_keyboard", "keyboard", "remove_keyboard", "force_reply")
ACTIONS = frozenset({"callback_data", "url", "web_app", "login_url", "switch_inline_query", "pay", "copy_text"})
PARSE_MODES = frozenset({"html", "markdown", "markdownv2"})
HTML_TAGS = frozenset(
    ("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "tg-emoji", "code", "pre")
) | {"blockquote"}


class Refused(Exception):
    """Telegram says no; `parameters` carry retry_after or migrate_to_chat_id."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        """`status` is error_code and HTTP status alike."""
        self.status = status
        self.body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        if parameters:
            self.body["parameters"] = parameters
        super().__init__(description)


def bad(description: str) -> Refused:
    """A 400 in Telegram's words."""
    return Refused(400, f"Bad Request: {description}")


class Arguments:
    """The parameters of a method, whether they came in the query, as a form, as multipart or as JSON."""

    def __init__(self, given: dict[str, Any]) -> None:
        """Values of forms are text; those of JSON bodies are already what they mean."""
        self.given = given

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text."""
        value = self.given.get(name)
        return default if value is None else str(value)

    def whole(self, name: str) -> int | None:
        """A whole number, None when absent; raises Refused."""
        value = self.given.get(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad(f"parameter {name} must be an Integer") from None

    def flag(self, name: str) -> bool:
        """A Boolean."""
        return str(self.given.get(name, "")).lower() in ("true", "1", "yes")

    def json(self, name: str) -> Any:
        """A structured parameter, None when absent; raises Refused."""
        value = self.given.get(name)
        if value is None or value == "":
            return None
        try:
            value = orjson.loads(value) if isinstance(value, str) else value
            orjson.dumps(value)  # what is nested too deep to be answered is refused here
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            raise bad(f"can't parse {name} JSON object") from None
        return value

    def chat_id(self) -> int:
        """The chat; raises Refused."""
        value = self.text("chat_id")
        if not value:
            raise bad("chat_id is empty")
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or not 0 < int(digits) < 2**52:
            raise bad("chat not found")
        return int(value)

    def decoded(self) -> dict[str, Any]:
        """All parameters, structured ones decoded, as the phones and the log show them."""
        structured = ("reply_markup", "entities", "link_preview_options", "commands", "allowed_updates")
        shown = dict(self.given)
        for name in structured:
            if isinstance(shown.get(name), str):
                shown[name] = self.json(name)
        for name in ("chat_id", "message_id"):
            value = shown.get(name)
            if isinstance(value, str) and value.removeprefix("-").isdigit():
                shown[name] = int(value)
        return shown


def check_text(arguments: Arguments) -> str:
    """The text of a message, markup taken off; raises Refused."""
    text, mode = arguments.text("text"), arguments.text("parse_mode").lower()
    if mode and mode not in PARSE_MODES:
        raise bad("unsupported parse_mode")
    if mode == "html":
        text = _plain(text)
    if not text.strip():
        raise bad("message text is empty")
    if len(text) > LONGEST_TEXT:
        raise bad("message is too long")
    for entity in arguments.json("entities") or ():
        if not isinstance(entity, dict) or not isinstance(entity.get("type"), str):
            raise bad("can't parse MessageEntity: Can't find field \"type\"")
        if not isinstance(entity.get("offset"), int) or not isinstance(entity.get("length"), int):
            raise bad('can\'t parse MessageEntity: Field "offset" must be of type Number')
    return text


def check_markup(arguments: Arguments) -> dict[str, Any] | None:
    """The reply markup, None when there is none; raises Refused."""
    markup = arguments.json("reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if not markup:
        return None
    kinds = [name for name in MARKUPS if name in markup]
    if len(kinds) != 1:
        raise bad("can't parse reply keyboard markup JSON object")
    if "inline_keyboard" in markup:
        _check_rows(markup["inline_keyboard"], _check_inline_button)
    elif "keyboard" in markup:
        _check_rows(markup["keyboard"], _check_reply_button)
    return markup


def _check_rows(rows: Any, check: Any) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('Field "keyboard" must be of type Array of Arrays')
    buttons = [button for row in rows for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad("reply markup is too long")
    for button in buttons:
        check(button)


def _check_inline_button(button: Any) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not button["text"].strip():
        raise bad("inline keyboard button text is empty")
    actions = ACTIONS & button.keys()
    if not actions:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in actions:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= LONGEST_DATA_BYTES:
            raise bad("BUTTON_DATA_INVALID")


def _check_reply_button(button: Any) -> None:
    text = button.get("text") if isinstance(button, dict) else button
    if not isinstance(text, str) or not text.strip():
        raise bad('can\'t parse keyboard button: Field "text" must be of type String')


def _plain(text: str) -> str:
    parser = _Html()
    parser.feed(text)
    parser.close()
    if parser.open:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{parser.open[-1]}\"")
    return "".join(parser.words)


class _Html(html.parser.HTMLParser):
    """The little HTML that Telegram knows; anything else is refused, as there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in HTML_TAGS:
            raise bad(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {self.getpos()[1]}')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise bad(f"can't parse entities: Unexpected end tag at byte offset {self.getpos()[1]}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
