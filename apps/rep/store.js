// What this device holds, in IndexedDB: records by table, and a few facts by name. Every open page of the device reads
// the same database, and each tells the others when it has written.

import { deleted, edited, made, undone } from "./records.js";

const VERSION = 1;
const LAST = [[]]; // an array sorts after every text: the end of all ids of a table

export class Store extends EventTarget {
  /** The store of that name, made empty when there is none. */
  static async open(name) {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      const records = request.result.createObjectStore("records", { keyPath: ["table", "id"] });
      records.createIndex("dirty", "dirty");
      request.result.createObjectStore("facts");
    };
    return new Store(name, await settled(request));
  }

  constructor(name, database) {
    super();
    this.name = name;
    this.database = database;
    this.cache = new Map();
    this.others = new BroadcastChannel(name);
    this.others.onmessage = () => this.hear();
    database.onversionchange = () => database.close();
  }

  hear() {
    this.cache.clear();
    this.dispatchEvent(new Event("change"));
  }

  /** `work(unit)` in one transaction; everything it writes is stored together or not at all. Gives what `work` gives. */
  async write(work) {
    const transaction = this.database.transaction(["records", "facts"], "readwrite");
    const done = finished(transaction);
    let answer;
    try {
      answer = await work(new Unit(transaction));
    } catch (error) {
      transaction.abort();
      await done.catch(() => {});
      throw error;
    }
    await done;
    this.hear();
    this.others.postMessage("written");
    return answer;
  }

  /** The rows of a table as raw records, without those deleted here. */
  async rows(table) {
    return (await this.records(table)).map(({ raw }) => raw).filter((raw) => raw._status !== "deleted");
  }

  /** All records of a table, as they are stored. */
  async records(table) {
    if (!this.cache.has(table)) {
      const range = IDBKeyRange.bound([table], [table, ...LAST]);
      this.cache.set(table, settled(this.reading("records").getAll(range)));
    }
    return this.cache.get(table);
  }

  async record(table, id) {
    return settled(this.reading("records").get([table, id]));
  }

  /** Everything that was changed here and is not at the server yet. */
  async unsent() {
    return settled(this.reading("records").index("dirty").getAll());
  }

  async fact(name) {
    return settled(this.reading("facts").get(name));
  }

  async note(name, value) {
    await this.write((unit) => unit.note(name, value));
  }

  /** Forget everything; the store stays open. */
  async wipe() {
    await this.write((unit) => unit.wipe());
  }

  reading(what) {
    return this.database.transaction(what, "readonly").objectStore(what);
  }
}

/** One transaction in hand; await nothing but its own calls inside, or it ends. */
class Unit {
  constructor(transaction) {
    this.stored = transaction.objectStore("records");
    this.facts = transaction.objectStore("facts");
  }

  get(table, id) {
    return settled(this.stored.get([table, id]));
  }

  put(record) {
    return settled(this.stored.put(record));
  }

  drop(table, id) {
    return settled(this.stored.delete([table, id]));
  }

  all() {
    return settled(this.stored.getAll());
  }

  unsent() {
    return settled(this.stored.index("dirty").getAll());
  }

  fact(name) {
    return settled(this.facts.get(name));
  }

  note(name, value) {
    return settled(value === undefined ? this.facts.delete(name) : this.facts.put(value, name));
  }

  async make(table, columns, id, values, now = Date.now()) {
    await this.put(made(table, columns, id, values, now));
  }

  async edit(table, id, values) {
    const record = await this.get(table, id);
    if (record) await this.put(edited(record, values));
  }

  async remove(table, id) {
    const record = await this.get(table, id);
    const left = record && deleted(record);
    if (left) await this.put(left);
    else if (record) await this.drop(table, id);
  }

  /** Let a refused record be sent again as it is. */
  async retry(table, id) {
    const record = await this.get(table, id);
    if (record) await this.put({ ...record, refused: undefined });
  }

  /** Give up what was done to a record here. */
  async undo(table, id) {
    const record = await this.get(table, id);
    const left = record && undone(record);
    if (left) await this.put(left);
    else if (record) await this.drop(table, id);
  }

  async wipe() {
    await settled(this.stored.clear());
    await settled(this.facts.clear());
  }
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("The change was not stored."));
  });
}
