"""The one sentence that goes out with a code."""

CODE_TEXT = "{{code}} is your {business} code. It lasts {minutes} minutes. Nobody from {business} will ask for it."


def code_text(business: str, lifetime_s: int) -> str:
    """The text of a code's message, with `{code}` left open."""
    safe = business.replace("{", "").replace("}", "")
    return CODE_TEXT.format(business=safe, minutes=max(1, lifetime_s // 60))
