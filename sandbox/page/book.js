// Whose phone is it? Addresses of four channels, and the people behind them.

const MOST_STRANGERS = 12;

/** One phone on the table: a known person, or a number nobody has named. */
export class Owner {
  constructor({ name, phone = null, telegram_user_id = null, push_token = null, email = null, stranger = false, app = null }) {
    this.phone = phone;
    this.stranger = stranger;
    this.linked = telegram_user_id !== null;
    // Anyone can open a chat with the bot. Somebody without a known chat gets one whose id is made from the number.
    this.chat = this.linked ? String(telegram_user_id) : phone ? phone.replace(/\D/g, "").slice(-9).replace(/^0+/, "") : null;
    this.token = push_token;
    this.email = email;
    this.app = phone && !stranger ? app : null;
    this.key = phone ?? (this.linked ? `telegram:${this.chat}` : push_token ? `push:${push_token}` : `email:${email}`);
    this.name = name;
  }

  /** The faces this phone has, in the order of its dock. */
  get faces() {
    return [this.phone && "sms", this.chat && "telegram", this.app && "chat", this.email && "email", this.token && "push"].filter(Boolean);
  }
}

/** Finds the owner of an address, and makes one for a stranger until there are too many of them. */
export class Book {
  constructor() {
    this.read([], []);
  }

  /** Start anew from the people the sandbox knows, who have the app at `app`, and the phones added on this page. */
  read(people, added, app = null) {
    this.owners = [];
    this.byAddress = new Map();
    this.crowd = new Set();
    for (const person of people) this.add(new Owner({ ...person, app }));
    for (const phone of added) if (!this.byAddress.has(`sms ${phone.phone}`)) this.add(new Owner({ ...phone, stranger: true }));
  }

  add(owner) {
    owner.tint = this.owners.length % 8;
    this.owners.push(owner);
    if (owner.phone) this.byAddress.set(`sms ${owner.phone}`, owner);
    if (owner.chat) this.byAddress.set(`telegram ${owner.chat}`, owner);
    if (owner.token) this.byAddress.set(`push ${owner.token}`, owner);
    if (owner.email) this.byAddress.set(`email ${mailbox(owner.email)}`, owner);
    return owner;
  }

  /** The owner of an address; null for one stranger too many, who is counted in `crowd`. */
  find(channel, address) {
    if (channel === "email") address = mailbox(address);
    const known = this.byAddress.get(`${channel} ${address}`);
    if (known) return known;
    if (!address || this.crowd.has(address)) return null;
    if (this.owners.filter((owner) => owner.stranger).length >= MOST_STRANGERS) {
      if (this.crowd.size < 10_000) this.crowd.add(address);
      return null;
    }
    const facts = { sms: { phone: address }, telegram: { telegram_user_id: address }, push: { push_token: address }, email: { email: address } }[channel];
    const name = { sms: "Unknown number", telegram: "Unknown chat", push: "Unknown app", email: "Unknown mailbox" }[channel];
    return this.add(new Owner({ ...facts, name, stranger: true }));
  }
}

/** The mailbox that an address leads to: capitals make no difference, nor does what stands after a plus. */
function mailbox(address) {
  return address.toLowerCase().replace(/\+[^@]*(?=@)/, "");
}
