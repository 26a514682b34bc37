// The exchange with the server, in the WatermelonDB protocol: what is unsent goes first, then what is new comes in.
//
// Push first, because the server merges by revision: nothing that was written here can be lost to a row that was moved
// away or deleted meanwhile. A push is stored before it leaves, and sent again as it was, under the same key, until its
// answer has been heard: a lost reply changes nothing.

import { differing, digestOf } from "./digest.js";
import { newId } from "./ids.js";
import { answered, changesOf, leaves, merged, migration, refusals, sentIn, sizeOf } from "./records.js";
import { Refused } from "./wire.js";

const PAGE = 2000;
const MOST_RECORDS = 5000;
const WAIT_MS = 40_000;
const MOST_ROUNDS = 20;

export class Sync {
  constructor(store, wire, { locks = navigator.locks } = {}) {
    this.store = store;
    this.wire = wire;
    this.locks = locks;
    this.schemaIsFresh = false;
  }

  /** One full exchange; raises Offline, SignedOut or Refused. Pages of one device take turns. */
  run() {
    return this.locks.request(`${this.store.name}-sync`, () => this.exchange());
  }

  async exchange() {
    const added = await this.learn();
    await this.push();
    await this.pull(added);
    await this.settle();
    await this.readConflicts();
    await this.store.note("synced_at", Date.now());
    await this.compare();
  }

  /** The server's tables; gives the protocol's `migration` when there are more than this device knew. */
  async learn() {
    const before = await this.store.fact("schema");
    if (before && this.schemaIsFresh) return null;
    const schema = await this.wire.call("GET", "/v1/sync/schema");
    this.schemaIsFresh = true;
    const added = (await this.store.fact("cursor")) ? migration(before, schema) : null;
    if (!added) await this.store.note("schema", schema);
    return added && { ...added, schema };
  }

  async push() {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const parcel = await this.pack();
      if (!parcel) return;
      const cursor = (await this.store.fact("cursor")) ?? "";
      let answer;
      try {
        answer = await this.wire.call("POST", `/v1/sync?last_pulled_at=${cursor}`, {
          body: { changes: parcel.changes },
          key: parcel.key,
        });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await this.store.note("parcel", undefined); // it was heard, and nothing of it was taken
        if (error.status !== 409) throw error;
        await this.pull();
        continue;
      }
      await this.unpack(parcel, answer);
    }
  }

  /** The push that is on its way, or a new one of what is unsent; null when there is nothing to send. */
  pack() {
    return this.store.write(async (unit) => {
      const underWay = await unit.fact("parcel");
      if (underWay) return underWay;
      const unsent = (await unit.unsent()).filter((record) => !record.refused);
      const changes = changesOf(whole(unsent));
      if (sizeOf(changes) === 0) return null;
      const parcel = { key: newId(), changes };
      await unit.note("parcel", parcel);
      return parcel;
    });
  }

  unpack(parcel, answer) {
    const refused = refusals(answer, Date.now());
    return this.store.write(async (unit) => {
      for (const [table, id, sent] of sentIn(parcel.changes)) {
        const current = await unit.get(table, id);
        const left = answered(current, sent, refused.get(`${table} ${id}`));
        if (left) await unit.put(left);
        else if (current) await unit.drop(table, id);
      }
      const told = (answer.errors ?? []).filter(({ table, id }) => !refused.has(`${table} ${id}`));
      await unit.note("told", [...told, ...((await unit.fact("told")) ?? [])].slice(0, 20));
      await unit.note("parcel", undefined);
    });
  }

  /** Everything new, page by page; each page is stored with its cursor, so a sync that is cut off goes on where it stood. */
  async pull(added = null) {
    let asked = added;
    for (;;) {
      const cursor = (await this.store.fact("cursor")) ?? null;
      const schema = asked?.schema ?? (await this.store.fact("schema"));
      const migrating = asked
        ? JSON.stringify({ from: asked.from, tables: asked.tables, columns: asked.columns })
        : "null";
      const query = new URLSearchParams({
        last_pulled_at: cursor,
        schema_version: schema.schema_version,
        migration: migrating,
        limit: PAGE,
      });
      const answer = await this.wire.call("GET", `/v1/sync?${query}`);
      await this.takeIn(answer, asked?.schema);
      asked = null;
      if (!answer.has_more) return;
    }
  }

  takeIn(answer, schema) {
    return this.store.write(async (unit) => {
      const seen = new Set();
      for (const [table, lists] of Object.entries(answer.changes)) {
        for (const remote of [...(lists.created ?? []), ...(lists.updated ?? [])]) {
          seen.add(`${table} ${remote.id}`);
          await unit.put(merged(table, await unit.get(table, remote.id), remote));
        }
        for (const id of lists.deleted ?? []) if (leaves(await unit.get(table, id))) await unit.drop(table, id);
      }
      if (answer.experimentalStrategy === "replacement") await dropOthers(unit, seen);
      await unit.note("cursor", answer.timestamp);
      if (schema) await unit.note("schema", schema);
    });
  }

  /** Send what was decided about conflicts. */
  async settle() {
    for (const { id, choice, key } of (await this.store.fact("settlements")) ?? []) {
      let trouble = null;
      try {
        await this.wire.call("POST", `/v1/sync/conflicts/${id}/settlement`, { body: { choice }, key });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        trouble = error.message;
      }
      await this.store.write(async (unit) => {
        const left = ((await unit.fact("settlements")) ?? []).filter((settlement) => settlement.id !== id);
        await unit.note("settlements", left);
        if (trouble)
          await unit.note(
            "told",
            [{ table: "conflicts", id, detail: trouble }, ...((await unit.fact("told")) ?? [])].slice(0, 20),
          );
      });
      await this.pull();
    }
  }

  async readConflicts() {
    const { items } = await this.wire.call("GET", "/v1/sync/conflicts?state=open&limit=100");
    await this.store.note("conflicts", items);
  }

  /** Hold what is here against what the server says it should be; a device that differs fetches everything anew, once. */
  async compare() {
    for (let round = 0; round < 2; round += 1) {
      const server = await this.wire.call("GET", "/v1/sync/digest");
      if ((await this.store.fact("cursor")) < server.timestamp) await this.pull();
      if ((await this.store.fact("cursor")) !== server.timestamp) return; // somebody writes right now: the next sync compares
      const mine = {};
      for (const table of Object.keys(server.tables))
        mine[table] = await digestOf(held(await this.store.records(table)));
      const tables = differing(mine, server.tables);
      const rows = Object.values(server.tables).reduce((sum, { count }) => sum + count, 0);
      await this.store.note("compared", { equal: tables.length === 0, tables, rows, at: Date.now() });
      if (tables.length === 0 || round > 0) return;
      await this.repair();
    }
  }

  /** Fetch everything, then drop what was not in it; edits stay. */
  async repair() {
    const seen = new Set();
    let cursor = null;
    for (let more = true; more;) {
      const query = new URLSearchParams({ last_pulled_at: cursor, schema_version: 1, migration: "null", limit: PAGE });
      const answer = await this.wire.call("GET", `/v1/sync?${query}`);
      for (const [table, lists] of Object.entries(answer.changes))
        for (const { id } of lists.updated) seen.add(`${table} ${id}`);
      await this.takeIn(answer);
      cursor = answer.timestamp;
      more = answer.has_more;
    }
    await this.store.write((unit) => dropOthers(unit, seen));
  }

  /** Wait until a pull would bring something, 25 s at most; whether it would. */
  async news(signal) {
    const cursor = (await this.store.fact("cursor")) ?? 0;
    const { changed } = await this.wire.call("GET", `/v1/sync/wait?since=${cursor}`, { patience: WAIT_MS, signal });
    return changed;
  }
}

/** What the server knows of, too: all but what was made here and has not been sent. */
const held = (records) => records.filter(({ raw }) => raw._status !== "created").map(({ raw }) => raw);

async function dropOthers(unit, seen) {
  for (const record of await unit.all()) {
    if (!seen.has(`${record.table} ${record.id}`) && leaves(record)) await unit.drop(record.table, record.id);
  }
}

/** At most so many records as a push may hold, and no order without its lines. */
function whole(records) {
  if (records.length <= MOST_RECORDS) return records;
  const orders = new Map();
  for (const record of records) {
    const key = record.table === "order_lines" ? record.raw.order_id : record.id;
    orders.set(key, [...(orders.get(key) ?? []), record]);
  }
  const taken = [];
  for (const group of orders.values()) if (taken.length + group.length <= MOST_RECORDS) taken.push(...group);
  return taken;
}
