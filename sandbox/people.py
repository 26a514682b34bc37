"""The people whose phones are shown, from the JSON file that the seed of the demo writes."""

from pathlib import Path
from typing import Any

import orjson


class People:
    """Who has which phone; the file is read again when it changes, and a missing or odd one means nobody."""

    def __init__(self, path: Path | None) -> None:
        """Nothing is read before somebody asks."""
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._known: list[dict[str, Any]] = []
        self._reps: list[dict[str, Any]] = []
        self._agents: list[dict[str, Any]] = []

    def agents(self) -> list[dict[str, Any]]:
        """`name`, `email`, `password` of each agent of the demo, whose screen the page opens."""
        self.known()
        return self._agents

    def reps(self) -> list[dict[str, Any]]:
        """`name`, `email`, `password` of each rep of the demo, whose own phone the page shows."""
        self.known()
        return self._reps

    def known(self) -> list[dict[str, Any]]:
        """`name`, `phone`, `telegram_user_id`, `push_token`, `email` of each."""
        if self._path is None:
            return []
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp != self._stamp:
                self._known, self._reps, self._agents = _read(self._path)
                self._stamp = stamp
        except (OSError, orjson.JSONDecodeError):
            return self._known  # being replaced at this moment, or not there (yet)
        return self._known

    def first_name(self, telegram_user_id: int) -> str:
        """The first name of a Telegram user."""
        for person in self.known():
            if person["telegram_user_id"] == telegram_user_id:
                return str(person["name"]).split(" ")[0] or "Somebody"
        return f"Guest {telegram_user_id}"


def _read(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    content = orjson.loads(path.read_bytes())
    people = content.get("people", ()) if isinstance(content, dict) else content
    staff = content if isinstance(content, dict) else {}
    reps, agents = (_only(staff.get(name, ()), "name", "email", "password") for name in ("reps", "agents"))
    return _only(people, "name", "phone", "telegram_user_id", "push_token", "email"), reps, agents


def _only(people: Any, *names: str) -> list[dict[str, Any]]:
    return [{name: person.get(name) for name in names} for person in people if isinstance(person, dict)]
