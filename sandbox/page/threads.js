// What the wire carried, turned into what a phone shows. No document here: items in, threads and happenings out.

/** Messages a thread keeps; older ones scroll out of memory so that a load run leaves the page usable. */
export const KEPT = 200;

const object = (value) => (value !== null && typeof value === "object" ? value : {});
const list = (value) => (Array.isArray(value) ? value : []);
const rows = (value) => list(value).map(list);

/** A field of a Bot API request; form-encoded requests carry their objects as JSON text. */
function field(raw, name) {
  const value = object(raw)[name];
  if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The threads of one phone. */
export class Threads {
  constructor() {
    this.sms = [];
    this.telegram = [];
    this.push = [];
    this.email = [];
    this.replyKeyboard = null;
  }
}

/** All phones' threads; `take` applies one item and returns what happened, for whoever wants to show or say it. */
export class Table {
  constructor(book) {
    this.book = book;
    this.threads = new Map();
    this.byProviderId = new Map();
    this.early = new Map();
    this.taps = new Map();
    this.count = 0;
    this.live = false;
  }

  of(owner) {
    if (!this.threads.has(owner.key)) this.threads.set(owner.key, new Threads());
    return this.threads.get(owner.key);
  }

  /** Apply one item; null, or `{owner, face, kind: "message"|"change"|"toast"|"typing", …}`. */
  take(item) {
    if (item.type === "status") return this.settle(item);
    const address = String(item.direction === "in" ? item.from : item.to);
    if (item.channel === "telegram") return this.telegram(item, address);
    const owner = this.book.find(item.channel, address);
    if (!owner) return null;
    if (item.channel === "email") return this.mailed(item, owner);
    return item.channel === "push" ? this.pushed(item, owner) : this.sms(item, owner);
  }

  sms(item, owner) {
    const own = item.direction === "in";
    const message = this.message(item, { own, text: item.body });
    if (!own) {
      // What the carrier says itself is there when it is said; nothing is known of messages from before a restart.
      const itself = ["carrier-notice", "twiml"].includes(item.method);
      message.status = itself ? "delivered" : (this.early.get(message.id) ?? (this.live ? "queued" : null));
      this.byProviderId.set(message.id, { owner, message });
    }
    this.keep(this.of(owner).sms, message);
    return { owner, face: "sms", kind: "message", message };
  }

  settle({ provider_id, status }) {
    const found = this.byProviderId.get(String(provider_id));
    if (!found) {
      this.early.set(String(provider_id), status);
      if (this.early.size > 1_000) this.early.delete(this.early.keys().next().value);
      return null;
    }
    found.message.status = status;
    found.message.version += 1;
    return { owner: found.owner, face: "sms", kind: "change" };
  }

  pushed(item, owner) {
    const raw = object(object(item.raw).message ?? item.raw);
    const notification = object(raw.notification);
    const [first, ...rest] = String(item.body ?? "").split("\n");
    const message = this.message(item, { own: false, text: notification.body ?? rest.join("\n") });
    message.title = notification.title ?? first;
    message.collapse =
      object(object(raw.android).notification).tag ?? object(raw.android).collapse_key ??
      object(object(raw.apns).headers)["apns-collapse-id"] ?? object(object(raw.webpush).headers).Topic ?? null;
    const thread = this.of(owner).push;
    const before = message.collapse === null ? -1 : thread.findIndex((other) => other.collapse === message.collapse);
    if (before >= 0) {
      message.replaced = true;
      thread.splice(before, 1);
    }
    this.keep(thread, message);
    return { owner, face: "push", kind: "message", message };
  }

  mailed(item, owner) {
    const message = this.message(item, { own: false, text: item.body, from: String(item.from ?? ""), to: String(item.to ?? "") });
    message.title = String(object(item.raw).subject ?? "") || "(no subject)";
    this.keep(this.of(owner).email, message);
    return { owner, face: "email", kind: "message", message };
  }

  telegram(item, address) {
    const raw = object(item.raw);
    const method = String(item.method ?? "").toLowerCase();
    if (item.direction === "in") return this.fromCustomer(item, raw, address);
    if (method === "answercallbackquery") return this.answered(item, raw, address);
    const owner = this.book.find("telegram", address);
    if (!owner) return null;
    const threads = this.of(owner);
    const id = String(field(raw, "message_id") ?? item.provider_id);
    const happened = { owner, face: "telegram", kind: "change" };
    if (method === "sendchataction") return { ...happened, kind: "typing" };
    if (method === "deletemessage") {
      threads.telegram = threads.telegram.filter((message) => message.id !== id);
      return happened;
    }
    if (method.startsWith("editmessage")) {
      const message = threads.telegram.find((other) => other.id === id);
      if (message) edit(message, item, raw, method);
      return happened;
    }
    if (!method.startsWith("send") && method !== "") return null;
    const message = this.message(item, { own: false, text: item.body, entities: list(field(raw, "entities")) });
    const markup = object(field(raw, "reply_markup"));
    message.buttons = rows(markup.inline_keyboard);
    if (markup.keyboard) threads.replyKeyboard = { rows: rows(markup.keyboard), once: Boolean(markup.one_time_keyboard) };
    if (markup.remove_keyboard) threads.replyKeyboard = null;
    this.keep(threads.telegram, message);
    return { ...happened, kind: "message", message };
  }

  fromCustomer(item, raw, address) {
    const owner = this.book.find("telegram", address);
    if (!owner) return null;
    const query = raw.callback_query;
    if (query || item.method === "callback_query") {
      this.taps.set(String(query?.id ?? item.provider_id), owner);
      this.lastTapper = owner;
      return { owner, face: "telegram", kind: "change" };
    }
    const contact = object(raw.message).contact;
    const words = contact ? `+${String(contact.phone_number).replace(/^\+/, "")}` : item.body;
    const message = this.message(item, { own: true, text: words, contact: Boolean(contact), system: Boolean(raw.my_chat_member) });
    const threads = this.of(owner);
    if (threads.replyKeyboard?.once) threads.replyKeyboard = null;
    this.keep(threads.telegram, message);
    return { owner, face: "telegram", kind: "message", message };
  }

  answered(item, raw, address) {
    const owner =
      this.taps.get(String(field(raw, "callback_query_id"))) ?? this.book.byAddress.get(`telegram ${address}`) ?? this.lastTapper;
    if (!owner) return null;
    const text = field(raw, "text") ?? item.body ?? "";
    return { owner, face: "telegram", kind: "toast", text: String(text), alert: String(raw.show_alert) === "true" };
  }

  message(item, facts) {
    this.count += 1;
    return {
      key: this.count, version: 0, id: String(item.provider_id ?? ""), at: new Date(item.at ?? Date.now()),
      entities: [], buttons: [], status: null, edited: false, ...facts, text: String(facts.text ?? ""),
    };
  }

  keep(thread, message) {
    thread.push(message);
    if (thread.length > KEPT) for (const gone of thread.splice(0, thread.length - KEPT)) this.byProviderId.delete(gone.id);
  }
}

/** Telegram takes the inline keyboard away when an edit comes without one. */
function edit(message, item, raw, method) {
  message.buttons = rows(object(field(raw, "reply_markup")).inline_keyboard);
  if (method === "editmessagetext") {
    message.text = String(field(raw, "text") ?? item.body ?? "");
    message.entities = list(field(raw, "entities"));
    message.edited = true;
  }
  message.version += 1;
}
