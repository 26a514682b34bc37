"""A rep's phone: a small faithful WatermelonDB, as its documentation and code (0.28) say it behaves.

Raw records carry `_status` (synced, created, updated, deleted) and `_changed` (comma-separated columns). A pull is
applied in one block: per-column merge where the local edit wins, deletions even over local edits. A push sends whole
records; what is not rejected is marked synced unless it was edited again meanwhile.
"""

import copy
import hashlib
from typing import Any
from uuid import UUID

from mcrm.ids import new_id
from mcrm.sync.tables import TABLES
from tests.callers import Caller

Raw = dict[str, Any]
EMPTY = {"string": "", "number": 0, "boolean": False}


class Device:
    """One phone with its database."""

    def __init__(self, caller: Caller, limit: int | None = None) -> None:
        self.caller = caller
        self.limit = limit
        self.last_pulled_at: int | None = None
        self.tables: dict[str, dict[str, Raw]] = {}
        self.pushed: Raw = {}
        self.refused: set[str] = set()
        self.request: tuple[str, Raw, dict[str, str]] = ("", {}, {})

    # what the rep does, network or not

    def create(self, table: str, **columns: Any) -> Raw:
        raw = {"id": str(new_id()), "_status": "created", "_changed": "", **left_empty(table)}
        raw |= {"created_at": 1_767_323_045_000, "updated_at": 1_767_323_045_000}
        raw |= {name: str(value) if isinstance(value, UUID) else value for name, value in columns.items()}
        self.tables.setdefault(table, {})[raw["id"]] = raw
        return raw

    def edit(self, table: str, id_: Any, **columns: Any) -> None:
        raw = self.tables[table][str(id_)]
        raw.update(columns, updated_at=raw["updated_at"] + 1)
        raw["_changed"] = ",".join(sorted({*filter(None, raw["_changed"].split(",")), *columns, "updated_at"}))
        if raw["_status"] != "created":
            raw["_status"] = "updated"

    def delete(self, table: str, id_: Any) -> None:
        raw = self.tables[table][str(id_)]
        if raw["_status"] == "created":
            del self.tables[table][str(id_)]
        else:
            raw["_status"] = "deleted"

    def get(self, table: str, id_: Any) -> Raw | None:
        raw = self.tables.get(table, {}).get(str(id_))
        return None if raw is None or raw["_status"] == "deleted" else raw

    def rows(self, table: str) -> list[Raw]:
        return [raw for raw in self.tables.get(table, {}).values() if raw["_status"] != "deleted"]

    # the network

    def sync(self) -> None:
        """`synchronize()` again while there is more, then push."""
        while self.pull():
            pass
        self.push()

    def pull(self) -> bool:
        """One pull, applied; whether there is more."""
        answer = self.ask()
        self.apply(answer)
        return bool(answer["has_more"])

    def ask(self) -> Raw:
        query = {"last_pulled_at": "null" if self.last_pulled_at is None else self.last_pulled_at}
        if self.limit:
            query["limit"] = self.limit
        answer = self.caller.get("/v1/sync", **query, schema_version=1, migration="null")
        assert answer.status_code == 200, answer.text
        body: Raw = answer.json
        assert body["timestamp"] > 0
        return body

    def apply(self, answer: Raw) -> None:
        for table, lists in answer["changes"].items():
            local = self.tables.setdefault(table, {})
            assert lists["created"] == [], "live rows never stand in created"
            assert not {raw["id"] for raw in lists["updated"]} & set(lists["deleted"])
            for remote in lists["updated"]:
                assert "_status" not in remote
                assert "_changed" not in remote
                self._merge(local, remote)
            for id_ in lists["deleted"]:
                local.pop(id_, None)
        if answer.get("experimentalStrategy") == "replacement":
            self._drop_what_is_not_in(answer["changes"])
        self.last_pulled_at = answer["timestamp"]

    def _merge(self, local: dict[str, Raw], remote: Raw) -> None:
        mine = local.get(remote["id"])
        if mine is None or mine["_status"] == "synced":
            local[remote["id"]] = {**remote, "_status": "synced", "_changed": ""}
        elif mine["_status"] in {"updated", "created"}:
            kept = {name: mine[name] for name in filter(None, mine["_changed"].split(","))}
            local[remote["id"]] = {**mine, **remote, **kept}

    def _drop_what_is_not_in(self, changes: Raw) -> None:
        for table, local in self.tables.items():
            held = {raw["id"] for raw in changes.get(table, {}).get("updated", [])}
            for id_ in [id_ for id_, raw in local.items() if id_ not in held and raw["_status"] != "created"]:
                del local[id_]

    def unsent(self) -> Raw:
        changes: Raw = {}
        for table, local in self.tables.items():
            lists: Raw = {"created": [], "updated": [], "deleted": []}
            for raw in local.values():
                if raw["_status"] == "deleted":
                    lists["deleted"].append(raw["id"])
                elif raw["_status"] != "synced":
                    lists[raw["_status"]].append(copy.deepcopy(raw))
            if any(lists.values()):
                changes[table] = lists
        return changes

    def push(self, *, lose_reply: bool = False, **headers: str) -> Raw:
        """Send what is unsent; `lose_reply`: the server takes it, but the phone never hears so."""
        changes = self.unsent()
        if not changes:
            return {}
        cursor = "" if self.last_pulled_at is None else self.last_pulled_at
        self.request = (f"/v1/sync?last_pulled_at={cursor}", {"changes": changes}, headers)
        self.send_last_push_again()
        if not lose_reply:
            self._mark_synced(changes, self.pushed["experimentalRejectedIds"])
        return self.pushed

    def send_last_push_again(self) -> None:
        """As a network does that delivers twice."""
        path, body, headers = self.request
        answer = self.caller.post(path, body, **headers)
        assert answer.status_code == 200, answer.text
        self.pushed = answer.json

    def _mark_synced(self, changes: Raw, rejected: Raw) -> None:
        for table, lists in changes.items():
            local, refused = self.tables[table], set(rejected.get(table, ()))
            for sent in [*lists["created"], *lists["updated"]]:
                if sent["id"] not in refused and local.get(sent["id"]) == sent:
                    local[sent["id"]] |= {"_status": "synced", "_changed": ""}
            for id_ in lists["deleted"]:
                if id_ not in refused:
                    local.pop(id_, None)

    # proof

    def digest(self) -> Raw:
        """What `GET /v1/sync/digest` says if this phone holds what it should."""
        return {table: _digest(list(local.values())) for table, local in self.tables.items()}

    def is_equal_to_the_server(self) -> bool:
        server = self.caller.get("/v1/sync/digest").json["tables"]
        mine = self.digest()
        return all(mine.get(table, _digest([])) == expected for table, expected in server.items())

    def differences(self) -> list[str]:
        """Which rows the digest means, if it is not equal: what a reader of a failed proof needs first."""
        served = self.caller.get("/v1/sync", last_pulled_at=1).json  # a cursor nobody has: the server sends everything
        assert served["experimentalStrategy"] == "replacement"
        found = []
        for table in TABLES:
            server = {raw["id"]: raw["rev"] for raw in served["changes"].get(table, {}).get("updated", [])}
            local = self.tables.get(table, {})
            for id_ in sorted(server.keys() | local.keys()):
                if id_ not in local or local[id_].get("rev") != server.get(id_):
                    found.append(f"{table} {id_}: the server has {server.get(id_)}, the phone {local.get(id_)}")
        return found


def left_empty(table: str) -> Raw:
    """What the library puts into the columns of a new record that the app does not fill."""
    return {
        column.name: None if column.optional else EMPTY[column.type]
        for column in TABLES[table].columns
        if column.name != "id"
    }


def _digest(rows: list[Raw]) -> Raw:
    hashes = (hashlib.sha256(f"{raw['id']}:{raw['rev']}".encode()).digest()[:8] for raw in rows)
    return {"count": len(rows), "hash": f"{sum(int.from_bytes(each, 'big') for each in hashes) % 2**64:016x}"}
