// What happens to records, without a database or a network: made, edited, merged with the server's, sent, refused.
//
// A record is `{table, id, raw, dirty?, refused?}`. `raw` is what travels, with `_status` (synced, created, updated,
// deleted) and `_changed` (the columns edited here) as the protocol has them. `dirty` is 1 or missing.
// `base` is the raw record as the server had it before it was edited here: what comes back when the edit is dropped.
// `refused` is `{code, detail, at}`: the server's last word; such a record waits for its rep and is not sent again.

const OWN = new Set(["_status", "_changed"]);
const GONE = new Set(["sync.moved-away", "sync.deleted"]);

/** The edited columns of a raw record. */
export const changedColumns = (raw) => (raw._changed || "").split(",").filter(Boolean);

/** A record made here; of `values` what the table's columns know and a device may write. */
export function made(table, columns, id, values, now) {
  const raw = { id, rev: 0, created_at: now, updated_at: now, _status: "created", _changed: "" };
  for (const [name, value] of Object.entries(values)) if (columns[name]) raw[name] = value;
  return { table, id, raw, dirty: 1 };
}

/** The record with these columns changed; a refusal is over, since it was about what stood there before. */
export function edited(record, values) {
  const differing = Object.keys(values).filter((name) => record.raw[name] !== values[name]);
  const raw = { ...record.raw, ...values };
  if (raw._status !== "created" && differing.length > 0) {
    raw._status = "updated";
    raw._changed = [...new Set([...changedColumns(record.raw), ...differing])].sort().join(",");
  }
  if (raw._status === "synced") return { table: record.table, id: record.id, raw };
  return { table: record.table, id: record.id, raw, dirty: 1, ...baseOf(record) };
}

function baseOf(record) {
  const base = record.raw._status === "synced" ? record.raw : record.base;
  return base ? { base } : {};
}

/** The record as deleted; null when the server never had it, so that nothing is left to send. */
export function deleted(record) {
  if (record.raw._status === "created") return null;
  return {
    table: record.table,
    id: record.id,
    raw: { ...record.raw, _status: "deleted" },
    dirty: 1,
    ...baseOf(record),
  };
}

/** The record without what was done to it here; null when the server never had it. */
export function undone(record) {
  return record.base ? synced(record.table, record.base) : null;
}

/** A record as the server has it. */
export function synced(table, remote) {
  return { table, id: remote.id, raw: { ...remote, _status: "synced", _changed: "" } };
}

/** What is stored when the server's row meets the one held here: column by column, what was edited here stays. */
export function merged(table, local, remote) {
  if (!local || local.raw._status === "synced") return synced(table, remote);
  if (local.raw._status === "deleted") return { ...local, raw: { ...remote, _status: "deleted", _changed: "" } };
  const kept = changedColumns(local.raw).filter((name) => !OWN.has(name));
  if (kept.length === 0) return synced(table, remote);
  const raw = { ...remote, _status: "updated", _changed: local.raw._changed };
  for (const name of kept) raw[name] = local.raw[name];
  return { ...local, raw, base: remote };
}

/**
 * Whether a row that the server says is gone leaves this device, too. An edit that was not sent yet stays: pushed, it
 * goes into the conflict inbox instead of nowhere.
 */
export const leaves = (local) => !local?.dirty;

/** The body of a push: everything unsent that nobody has refused, by table. */
export function changesOf(records) {
  const changes = {};
  for (const { table, id, raw, dirty, refused } of records) {
    if (!dirty || refused) continue;
    changes[table] ??= { created: [], updated: [], deleted: [] };
    if (raw._status === "deleted") changes[table].deleted.push(id);
    else changes[table][raw._status].push(raw);
  }
  return changes;
}

/** How many records a push holds. */
export const sizeOf = (changes) =>
  Object.values(changes).reduce(
    (sum, lists) => sum + lists.created.length + lists.updated.length + lists.deleted.length,
    0,
  );

/** `[table, id, raw or null]` of everything in a push; null stands for a deletion. */
export function sentIn(changes) {
  return Object.entries(changes).flatMap(([table, lists]) => [
    ...[...lists.created, ...lists.updated].map((raw) => [table, raw.id, raw]),
    ...lists.deleted.map((id) => [table, id, null]),
  ]);
}

/** The refusals of a push's answer, by `table id`: only those that leave the record unsent. */
export function refusals(answer, now) {
  const rejected = new Set(
    Object.entries(answer.experimentalRejectedIds ?? {}).flatMap(([table, ids]) => ids.map((id) => `${table} ${id}`)),
  );
  const found = new Map(
    [...rejected].map((key) => [key, { code: "sync.refused", detail: "The server did not take this.", at: now }]),
  );
  for (const { table, id, code, detail } of answer.errors ?? []) {
    if (rejected.has(`${table} ${id}`)) found.set(`${table} ${id}`, { code, detail, at: now });
  }
  return found;
}

/**
 * What becomes of a record whose push was answered: the record to store, or null to drop it.
 * `sent` is the raw record as it left (null: a deletion), `refusal` the answer's word or undefined.
 */
export function answered(current, sent, refusal) {
  if (!current) return null;
  if (refusal && GONE.has(refusal.code)) return null; // the edit is in the conflict inbox, the row is somebody else's
  if (refusal) return same(current.raw, sent) || sent === null ? { ...current, refused: refusal } : current;
  if (sent === null) return current.raw._status === "deleted" ? null : current;
  const since = Object.keys(current.raw).filter((name) => !OWN.has(name) && current.raw[name] !== sent[name]);
  if (current.raw._status === "deleted") return current;
  if (since.length === 0) {
    return { table: current.table, id: current.id, raw: { ...current.raw, _status: "synced", _changed: "" } };
  }
  return { ...current, raw: { ...current.raw, _status: "updated", _changed: since.sort().join(",") }, base: sent };
}

function same(one, other) {
  return other !== null && Object.keys(one).every((name) => OWN.has(name) || one[name] === other[name]);
}

/** What the server must be told of when the app knows tables or columns that it did not before; null for nothing. */
export function migration(before, after) {
  if (!before) return null;
  const tables = Object.keys(after.tables).filter((name) => !before.tables[name]);
  const columns = [];
  for (const [table, { columns: now }] of Object.entries(after.tables)) {
    if (!before.tables[table]) continue;
    const added = Object.keys(now).filter((name) => !before.tables[table].columns[name]);
    if (added.length > 0) columns.push({ table, columns: added });
  }
  return tables.length || columns.length ? { from: before.schema_version, tables, columns } : null;
}
