// Questions to the store that several screens ask.

import { newId } from "./ids.js";

/** Rows by one of their columns: `Map(value, [row])`. */
export function by(rows, column) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row[column])) groups.set(row[column], []);
    groups.get(row[column]).push(row);
  }
  return groups;
}

export const byId = (rows) => new Map(rows.map((row) => [row.id, row]));

export class Data {
  constructor(store) {
    this.store = store;
    this.schema = null;
  }

  /** Read the schema again; before the first sync there is none. */
  async refresh() {
    this.schema = (await this.store.fact("schema")) ?? null;
  }

  /** Whether the server syncs this table; with a column, whether it has that. */
  has(table, column = null) {
    const found = this.schema?.tables[table];
    return Boolean(found && (!column || found.columns[column]));
  }

  /** Whether this device may write the column. */
  writes(table, column) {
    return this.has(table, column) && !this.schema.tables[table].columns[column].read_only;
  }

  async rows(table) {
    return this.has(table) ? this.store.rows(table) : [];
  }

  async row(table, id) {
    return (await this.store.record(table, id))?.raw ?? null;
  }

  /** Several tables at once, by name. */
  async all(...tables) {
    const found = await Promise.all(tables.map((table) => this.rows(table)));
    return Object.fromEntries(tables.map((table, at) => [table, found[at]]));
  }

  /** Make a row; columns that the server does not have are left out. Gives its id. */
  async make(table, values) {
    const id = newId();
    await this.store.write((unit) => unit.make(table, this.writable(table), id, values));
    return id;
  }

  /** The columns a device may write; `created_at` is set with every new row. */
  writable(table) {
    const columns = this.schema.tables[table].columns;
    return Object.fromEntries(Object.entries(columns).filter(([, column]) => !column.read_only));
  }

  async edit(table, id, values) {
    const known = this.writable(table);
    const kept = Object.fromEntries(Object.entries(values).filter(([name]) => known[name]));
    await this.store.write((unit) => unit.edit(table, id, kept));
  }

  /** Place an order, or put a refused one in order: with its lines, in one piece. Gives its id. */
  async placeOrder({ id = newId(), contact_id, account_id, reference, currency, total, lines }) {
    const [orders, parts] = [this.schema.tables.orders.columns, this.schema.tables.order_lines.columns];
    const old = (await this.rows("order_lines")).filter((line) => line.order_id === id);
    const now = Date.now();
    const facts = {
      contact_id,
      account_id,
      reference,
      currency,
      total,
      shown_total: total,
      status: "new",
      placed_at: now,
    };
    await this.store.write(async (unit) => {
      for (const line of old) await unit.drop("order_lines", line.id);
      await unit.make("orders", orders, id, facts, now);
      for (const line of lines) await unit.make("order_lines", parts, newId(), { ...line, order_id: id }, now);
    });
    return id;
  }

  /** When each account was last heard of: the latest of what was written down, ordered or visited there. */
  async lastContacts() {
    const { interactions, orders, visits } = await this.all("interactions", "orders", "visits");
    const last = new Map();
    const note = (id, at) => at && last.set(id, Math.max(last.get(id) ?? 0, at));
    for (const { account_id, at } of interactions) note(account_id, at);
    for (const { account_id, placed_at, created_at } of orders) note(account_id, placed_at ?? created_at);
    for (const { account_id, checked_in_at } of visits) note(account_id, checked_in_at);
    return last;
  }
}
