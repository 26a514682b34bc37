"""Pages without scripts, pictures or any other host: the index of a copy, and what its link shows."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2b2d;"
    "background:#fbfaf7}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}"
    "table{border-collapse:collapse;font-size:.85rem;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #d9d5cb;"
    "max-width:24rem;overflow-wrap:break-word}"
    "div{overflow-x:auto}small{color:#5b6b6d}"
    "button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#1f5f5b;color:#fff}"
    "@media(prefers-color-scheme:dark){body{color:#e6e9e8;background:#16201f}small{color:#9fb0ae}"
    "th,td{border-color:#33413f}}"
)
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Chapter:
    """One kind of data: how many rows its file holds, and the first of them."""

    title: str
    file: str
    rows: int
    first: Sequence[dict[str, Any]]


def index(
    business: str,
    made_at: datetime,
    chapters: Sequence[Chapter],
    documents: Sequence[str],
    untold: Sequence[tuple[str, str]],
) -> str:
    """The page that leads through a copy."""
    parts = [
        f"<h1>What {escape(business)} holds of you</h1>",
        f"<p><small>As of {made_at:%Y-%m-%d %H:%M} UTC. The files beside this page hold the same for machines; "
        "amounts are in the smallest unit of their currency, times are UTC.</small></p>",
    ]
    parts += [_chapter(chapter) for chapter in chapters]
    if documents:
        links = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in documents)
        parts.append(f"<h2>Your documents</h2><ul>{links}</ul>")
    reasons = "".join(f"<li>{escape(title)}: {escape(why)}</li>" for title, why in untold)
    parts.append(
        f"<h2>What is not in here</h2><ul>{reasons}<li>Who of our people wrote what: that is theirs.</li></ul>"
    )
    return _document(business, "".join(parts))


def offer(business: str, expires_at: datetime) -> str:
    """What the link shows: a button, so that a chat that looks at links to draw them fetches nothing."""
    until = f"{expires_at:%Y-%m-%d %H:%M} UTC"
    return _document(
        business,
        f"<h1>The copy of your data</h1><p>It is here until {until}. Save it where only you can read it.</p>"
        '<form method="post"><button>Download</button></form>',
    )


def nothing(business: str) -> str:
    """What a link shows that is over."""
    return _document(business, "<h1>Nothing to see</h1><p>This link does not work any more. Ask for a new copy.</p>")


def _chapter(chapter: Chapter) -> str:
    columns = [name for name in chapter.first[0] if any(row[name] not in EMPTY for row in chapter.first)]
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_words(row[name]))}</td>" for name in columns) + "</tr>" for row in chapter.first
    )
    more = f" The first {len(chapter.first)} are here." if chapter.rows > len(chapter.first) else ""
    return (
        f"<h2>{escape(chapter.title)}</h2><p><small>{chapter.rows} in "
        f'<a href="{escape(chapter.file)}">{escape(chapter.file)}</a>.{more}</small></p>'
        f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(one)}" for name, one in value.items() if one not in EMPTY)
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return value[:19].replace("T", " ")
    return "" if value is None else str(value)


def _document(business: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(business)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
