// What becomes of records: edits, pulls and answers meeting each other, without a database or a network.

import assert from "node:assert/strict";
import { test } from "node:test";

import { differing, digestOf } from "../../../apps/rep/digest.js";
import { newId } from "../../../apps/rep/ids.js";
import {
  answered,
  changesOf,
  deleted,
  edited,
  leaves,
  made,
  merged,
  migration,
  refusals,
  sentIn,
  synced,
  undone,
} from "../../../apps/rep/records.js";

const BEN = { id: "b", rev: 3, name: "Ben", notes: "oat milk", locale: "en-GB" };
const COLUMNS = { id: {}, name: {}, notes: {}, locale: {} };
const ben = () => synced("contacts", BEN);
const answer = (rejected = {}, errors = []) => ({ experimentalRejectedIds: rejected, errors });

test("ids are UUIDs of version 7 that sort as they were made, also within one millisecond", () => {
  const ids = Array.from({ length: 200 }, () => newId(1_767_323_045_000));
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([...ids].sort(), ids);
  assert.ok(
    ids[0].startsWith("019b7c4a") || Number.parseInt(ids[0].replace("-", "").slice(0, 12), 16) >= 1_767_323_045_000,
  );
});

test("an edit names the columns that it changed, and those alone", () => {
  const once = edited(ben(), { name: "Ben Okafor", notes: "oat milk" });
  assert.equal(once.raw._status, "updated");
  assert.equal(once.raw._changed, "name");
  const twice = edited(once, { locale: "cy" });
  assert.equal(twice.raw._changed, "locale,name");
  assert.equal(twice.raw.rev, 3, "the base of the merge stays");
});

test("what was made here stays new however often it is edited, and travels without what the server does not know", () => {
  const record = made("contacts", COLUMNS, "n", { name: "Mei", shoe_size: 38 }, 1000);
  assert.equal("shoe_size" in record.raw, false);
  assert.equal(edited(record, { name: "Mei Lin" }).raw._status, "created");
  assert.equal(deleted(record), null, "the server never had it");
});

test("a pull replaces what nobody touched here, and keeps edited columns over the server's", () => {
  const remote = { ...BEN, rev: 4, name: "Benjamin", notes: "decaf" };
  assert.equal(merged("contacts", ben(), remote).raw.name, "Benjamin");
  const mine = merged("contacts", edited(ben(), { notes: "two sugars" }), remote);
  assert.deepEqual([mine.raw.name, mine.raw.notes, mine.raw.rev, mine.dirty], ["Benjamin", "two sugars", 4, 1]);
  assert.equal(merged("contacts", deleted(ben()), remote).raw._status, "deleted");
});

test("a row that leaves takes nothing with it that was not sent", () => {
  assert.equal(leaves(ben()), true);
  assert.equal(leaves(edited(ben(), { notes: "unsent" })), false);
  assert.equal(leaves(undefined), true);
});

test("a push holds whole records by what happened to them, and nothing that was refused", () => {
  const refused = { ...edited(ben(), { name: "" }), refused: { code: "sync.record-invalid" } };
  const order = made("orders", { contact_id: {} }, "o", { contact_id: "b" }, 1);
  const changes = changesOf([refused, order, { ...deleted(synced("contact_points", { id: "p", rev: 1 })) }, ben()]);
  assert.deepEqual(Object.keys(changes), ["orders", "contact_points"]);
  assert.equal(changes.orders.created[0].contact_id, "b");
  assert.deepEqual(changes.contact_points.deleted, ["p"]);
  assert.deepEqual(
    sentIn(changes).map(([table, id, raw]) => [table, id, raw === null]),
    [
      ["orders", "o", false],
      ["contact_points", "p", true],
    ],
  );
});

test("what was taken is synced; an edit made while the push was on its way is not lost", () => {
  const sent = edited(ben(), { name: "Ben O." });
  assert.equal(answered(sent, sent.raw, undefined).raw._status, "synced");
  const meanwhile = answered(edited(sent, { notes: "new words" }), sent.raw, undefined);
  assert.deepEqual([meanwhile.raw._status, meanwhile.raw._changed, meanwhile.dirty], ["updated", "notes", 1]);
  const made_here = made("contacts", COLUMNS, "n", { name: "Mei" }, 1);
  const edited_meanwhile = answered(edited(made_here, { name: "Mei Lin" }), made_here.raw, undefined);
  assert.deepEqual([edited_meanwhile.raw._status, edited_meanwhile.raw._changed], ["updated", "name"]);
});

test("a refusal stays with its sentence until the record is corrected", () => {
  const sent = made("orders", { reference: {} }, "o", {}, 1);
  const said = refusals(
    answer({ orders: ["o"] }, [{ table: "orders", id: "o", code: "order.out-of-stock", detail: "Only 2 left." }]),
    5,
  );
  const kept = answered(sent, sent.raw, said.get("orders o"));
  assert.equal(kept.refused.detail, "Only 2 left.");
  assert.deepEqual(changesOf([kept]), {});
  assert.equal(edited(kept, { reference: "again" }).refused, undefined);
});

test("a refusal of an older state does not hold back what was corrected meanwhile", () => {
  const sent = made("contacts", COLUMNS, "n", { name: "" }, 1);
  const corrected = edited(sent, { name: "Mei" });
  assert.equal(answered(corrected, sent.raw, { code: "sync.record-invalid" }).refused, undefined);
});

test("an edit of a row that has moved away leaves the device: it is in the conflict inbox", () => {
  const sent = edited(ben(), { notes: "late" });
  assert.equal(answered(sent, sent.raw, { code: "sync.moved-away" }), null);
});

test("a refused edit that is dropped gives back what the server has", () => {
  const edit = edited(edited(ben(), { name: "B." }), { notes: "x" });
  assert.equal(undone(edit).raw.name, "Ben");
  assert.equal(undone(merged("contacts", edit, { ...BEN, rev: 9, notes: "theirs" })).raw.notes, "theirs");
  assert.equal(undone(made("orders", {}, "o", {}, 1)), null);
});

test("refusals that leave nothing unsent are none", () => {
  assert.equal(
    refusals(answer({}, [{ table: "contacts", id: "b", code: "sync.not-deletable", detail: "" }]), 1).size,
    0,
  );
});

test("tables and columns that are new to the device are asked for by name", () => {
  const before = { schema_version: 1, tables: { orders: { columns: { id: {} } } } };
  const after = {
    schema_version: 2,
    tables: { orders: { columns: { id: {}, total: {} } }, visits: { columns: { id: {} } } },
  };
  assert.deepEqual(migration(before, after), {
    from: 1,
    tables: ["visits"],
    columns: [{ table: "orders", columns: ["total"] }],
  });
  assert.equal(migration(before, before), null);
  assert.equal(migration(null, after), null);
});

test("the digest does not depend on the order of the rows", async () => {
  const rows = Array.from({ length: 700 }, (_, at) => ({ id: `row-${at}`, rev: at }));
  const one = await digestOf(rows);
  assert.deepEqual(await digestOf([...rows].reverse()), one);
  assert.deepEqual(differing({ t: one }, { t: one, empty: { count: 0, hash: "0".repeat(16) } }), []);
  assert.deepEqual(differing({}, { t: one }), ["t"]);
});
