"""Three-way merge of a device's edit, field by field: what it changed, what others changed since its revision.

Different fields never conflict. The base values themselves are not kept: `changes` says which fields others changed
after a revision, and a digest of what a device pushed last tells a repeated push from a new edit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from mcrm import keys
from mcrm.sync.errors import ReadOnly, RecordStale
from mcrm.sync.models import Applied, Edit
from mcrm.sync.tables import Policy, SyncedTable, Written, is_empty

DIGEST_DIGITS = 24
KEPT_BY_THE_CLIENT = frozenset({"updated_at"})  # it sets this at every save, also of a form that nobody changed


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """Two changed one field: the device's value, the server's, and which of them stands now."""

    column: str
    mine: Any
    theirs: Any
    applied: Applied


@dataclass(frozen=True, slots=True)
class Merge:
    """What to write, by column, and what was decided."""

    values: dict[str, Any] = field(default_factory=dict)
    conflicts: list[FieldConflict] = field(default_factory=list)


def merge(
    table: SyncedTable,
    record: Mapping[str, Any],
    current: Mapping[str, Any],
    *,
    edit: Edit | None,
    others: "Others",
) -> Merge:
    """What of a pushed record goes into the row that stands there.

    Raises RecordStale when the device does not say which fields it changed and others changed the same row, ReadOnly
    when it changed only what it may not.
    """
    named, sent = _sent(table, record)
    base = base_of(record)
    differing = {name: value for name, value in sent.items() if not same(value, current[name])}
    if edit is not None and (edit.base_rev == base or record.get("_status") == "created"):
        differing = {n: value for n, value in differing.items() if edit.digests.get(n) != digest(value)}
    result = Merge()
    policies = {column.name: column.policy for column in table.columns}
    for name, value in differing.items():
        if not others.changed(name):
            result.values[name] = value
        elif not named and base:
            raise RecordStale
        else:
            _decide(result, policies[name], name, value, current[name])
    return result


def _sent(table: SyncedTable, record: Mapping[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Whether the device says which fields it changed, and what it sent of those that it may change.

    A row that it made and has not got back yet stands for itself, and what was left empty there is no edit. One that it
    got back though it never heard the answer to its push still comes as made: then only later edits are edits.
    """
    changed = frozenset(str(record.get("_changed") or "").split(",")) - {""}
    editable = table.written(Written.ALWAYS)
    made = record.get("_status") == "created"
    if made and not base_of(record):
        own = (name for name in editable if name in changed or not is_empty(record.get(name)))
        return False, {name: record.get(name) for name in own}
    if not made and not changed:
        return False, {name: record[name] for name in editable if name in record}
    sent = {name: record.get(name) for name in editable if name in changed}
    if not made and not sent and (changed - KEPT_BY_THE_CLIENT) & {column.name for column in table.columns}:
        raise ReadOnly
    return True, sent


def _decide(result: Merge, policy: Policy, name: str, mine: Any, theirs: Any) -> None:
    applied = Applied.MINE
    if policy is Policy.SERVER:
        applied = Applied.THEIRS
    elif policy is Policy.APPEND and theirs and mine:
        joined, applied = _joined(str(mine), str(theirs)), Applied.BOTH
        if joined == theirs:
            return
        result.values[name] = joined
    if applied is Applied.MINE:
        result.values[name] = mine
    result.conflicts.append(FieldConflict(name, mine, theirs, applied))


def _joined(mine: str, theirs: str) -> str:
    if mine in theirs:
        return theirs
    return mine if theirs in mine else f"{theirs}\n{mine}"


def same(one: Any, other: Any) -> bool:
    """Whether two wire values are the same; ids travel as text and are read as UUIDs."""
    return (str(one) if isinstance(one, UUID) else one) == (str(other) if isinstance(other, UUID) else other)


def base_of(record: Mapping[str, Any]) -> int:
    """The revision that the device had; 0 for a row it made and has never got back."""
    rev = record.get("rev")
    return int(rev) if isinstance(rev, int | float) and not isinstance(rev, bool) and 0 < rev < 2**53 else 0


def digest(value: Any) -> str:
    """Of a wire value, keyed: what people wrote is kept in one place alone."""
    return keys.digest("sync-edit", orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode())[:DIGEST_DIGITS]


@dataclass(frozen=True, slots=True)
class Others:
    """Which fields of a row others changed after a revision; None: any of them may have."""

    fields: frozenset[str] | None

    def changed(self, name: str) -> bool:
        """Whether this field was, or may have been, changed."""
        return self.fields is None or name in self.fields


def others_since(rows: Sequence[tuple[int, str | None, UUID | None]], *, base: int, origin: UUID | None) -> Others:
    """What others than the sign-in `origin` changed after the revision `base` (0: after it was made), by a history."""
    revisions = [rev for rev, _, _ in rows]
    base = base or min(revisions, default=0)
    if not revisions or min(revisions) > base:
        return Others(None)  # the log does not reach back that far any more
    names: set[str] = set()
    for rev, fields, by in rows:
        if rev > base and (by is None or by != origin):
            if fields is None:
                return Others(None)
            names.update(fields.split(","))
    return Others(frozenset(names))
