// The customer's chat: a client of the same calls that any app makes.
//
// The server owns the thread; this page reads what is newer than the last position it knows, at each hint, and draws.

import { button, el, keepAtEnd } from "./dom.js";
import { follow } from "./live.js";
import { SignIn } from "./signin.js";
import { Store } from "./store.js";
import { drawThread } from "./thread.js";
import { Offline, Refused, SignedOut, Wire } from "./wire.js";

const PATH = "/v1/me/conversation";
const WITHHELD = ["suppressed", "expired"];
const PLACE = globalThis.PLACE ?? { embedder: null, business: "" };
const $ = (id) => document.getElementById(id);

class Chat {
  constructor(device) {
    this.device = { id: device, name: "Customer's phone", platform: "web" };
    this.store = new Store(device);
    this.wire = new Wire(this.store);
    this.wire.turn(false);
    this.forget();
    this.shown = globalThis.parent === globalThis;
    this.owner = null;
    this.list = el("div", { class: "list", tabindex: "0", role: "region", "aria-label": "Conversation" });
    keepAtEnd(this.list);
    this.input = el("input", { type: "text", "aria-label": "Message", placeholder: "Message", autocomplete: "off", maxlength: 2000, enterkeyhint: "send" });
    this.stopped = el("p", { class: "stopped", role: "status", hidden: true, text: "You have stopped messages here. Write START to be answered again." });
    const send = (event) => (event.preventDefault(), this.write());
    this.composer = el("form", { class: "composer", on: { submit: send } }, this.input, button("Send", null, { strong: true, kind: "submit" }));
  }

  forget() {
    this.items = new Map();
    this.unsent = [];
    this.position = null;
    this.cursor = null;
    this.unread = 0;
    this.readUpTo = 0;
    this.reading = Promise.resolve();
  }

  async start() {
    this.askEmbedder();
    const session = await this.store.fact("session");
    if (session) await this.begin();
    else this.showSignIn();
  }

  /** The page of phones tells whose phone this is, which code a text brought, and whether anybody looks. */
  askEmbedder() {
    if (!PLACE.embedder || this.shown) return;
    globalThis.addEventListener("message", ({ source, origin, data }) => {
      if (source !== globalThis.parent || origin !== PLACE.embedder || typeof data !== "object" || data === null) return;
      if (data.type === "chat.owner") this.meet(data);
      if (data.type === "chat.code") this.signIn?.heard(String(data.code));
      if (data.type === "chat.shown") this.look(Boolean(data.shown));
    });
    this.tell({ type: "chat.here" });
  }

  tell(message) {
    if (PLACE.embedder && globalThis.parent !== globalThis) globalThis.parent.postMessage(message, PLACE.embedder);
  }

  meet(owner) {
    this.owner = owner;
    if (this.signIn && !this.signIn.phone.value) this.signIn.phone.value = owner.phone ?? "";
  }

  look(shown) {
    this.shown = shown;
    if (!shown) return;
    this.unread = 0;
    this.tellState();
    this.report();
    this.toNewest();
  }

  showSignIn() {
    $("bar").hidden = true;
    this.signIn = new SignIn(PLACE.business, {
      ask: (phone) => this.wire.ask("POST", "/v1/auth/otp", { body: { phone } }),
      enter: (phone, code) => this.enter(phone, code),
    });
    $("main").replaceChildren(this.signIn.root);
    if (this.owner) this.meet(this.owner);
  }

  async enter(phone, code) {
    const pair = await this.wire.ask("POST", "/v1/auth/otp/verify", { body: { phone, code, device: this.device } });
    const { access_token, refresh_token, expires_in_s } = pair;
    await this.store.note("session", { access_token, refresh_token, expires_at: Date.now() + expires_in_s * 1000 });
    await this.begin();
  }

  async begin() {
    this.signIn = null;
    this.forget();
    this.stopping = new AbortController();
    $("main").replaceChildren(this.list, this.stopped, this.composer);
    follow(this.wire, {
      path: `${PATH}/events`,
      changed: () => this.read(),
      standing: (live) => (($("bar").dataset.live = String(live)), this.read()),
      signal: this.stopping.signal,
    }).catch((error) => this.trouble(error));
    await this.read();
  }

  /** Read what is newer than what is known, one reading after the other. */
  read() {
    this.reading = this.reading.then(() => this.readNow()).catch((error) => this.trouble(error));
    return this.reading;
  }

  async readNow() {
    const standing = await this.wire.call("GET", PATH);
    const isFirst = this.position === null;
    const page = await this.wire.call("GET", isFirst ? `${PATH}/messages` : `${PATH}/messages?after=${this.position}&limit=100`);
    if (isFirst) this.cursor = page.next_cursor;
    else if (page.next_cursor) return this.readAnew();
    this.position = Math.max(standing.position, ...page.items.map((item) => item.position));
    this.readUpTo = Math.max(this.readUpTo, standing.read_position);
    this.take(page.items, isFirst);
    this.drawBar(standing);
  }

  /** Too much happened meanwhile: begin at the newest page. */
  readAnew() {
    this.items.clear();
    this.position = null;
    return this.readNow();
  }

  async older() {
    const page = await this.wire.call("GET", `${PATH}/messages?cursor=${encodeURIComponent(this.cursor)}`);
    this.cursor = page.next_cursor;
    for (const item of page.items) this.items.set(item.id, item);
    this.draw();
  }

  take(items, quietly = false) {
    const fresh = items.filter((item) => !this.items.has(item.id));
    for (const item of items) this.items.set(item.id, { ...item, position: item.position ?? this.items.get(item.id)?.position ?? null });
    this.unsent = this.unsent.filter((one) => !items.some((item) => item.client_id === one.client_id));
    if (fresh.length === 0 && !quietly) return this.report();
    const latest = fresh.find((item) => item.author !== "customer" && item.channel === "app");
    if (!quietly && latest && !this.shown) {
      this.unread += 1;
      this.tellState(latest.text);
    }
    this.draw();
    this.toNewest();
    this.report();
  }

  /** What was said has been shown up to here; so no push need tell of a person's answer. */
  async report() {
    if (!this.shown || document.visibilityState !== "visible") return;
    const latest = Math.max(0, ...[...this.items.values()].filter((item) => item.author !== "customer").map((item) => item.position ?? 0));
    if (latest <= this.readUpTo) return;
    this.readUpTo = latest;
    await this.wire.call("PUT", `${PATH}/reading`, { body: { position: latest } }).catch((error) => this.trouble(error));
  }

  async write() {
    const words = this.input.value.trim();
    if (!words) return;
    this.input.value = "";
    await this.send({ words, client_id: crypto.randomUUID(), said: { text: words } });
  }

  choose(choice) {
    return this.send({ words: choice.label, client_id: crypto.randomUUID(), said: { choice: choice.value } });
  }

  /** The same `client_id` however often it takes: the server knows it again. */
  async send(message) {
    delete message.error;
    if (!this.unsent.includes(message)) this.unsent.push(message);
    this.draw();
    this.toNewest();
    try {
      const body = { client_id: message.client_id, ...message.said };
      const { message: taken, answers } = await this.wire.call("POST", `${PATH}/messages`, { body });
      this.take([taken, ...answers]);
    } catch (error) {
      if (error instanceof SignedOut) return this.trouble(error);
      message.error = error.message;
      this.draw();
    }
    return this.read();
  }

  draw() {
    const items = [...this.items.values()].filter((item) => !WITHHELD.includes(item.state)).sort((one, other) => (one.id < other.id ? -1 : 1));
    const acts = { choose: (choice) => this.choose(choice), again: (one) => this.send(one), older: this.cursor ? () => this.older() : null };
    this.list.replaceChildren(drawThread(items, this.unsent, acts));
  }

  drawBar({ owner, is_stopped: isStopped }) {
    this.stopped.hidden = !isStopped;
    $("bar").hidden = false;
    $("bar").replaceChildren(
      el("p", {}, el("strong", { text: PLACE.business }), el("small", { text: owner === "human" ? "A person answers" : "The bot answers" })),
      button("Sign out", () => this.signOut()),
    );
  }

  toNewest() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  tellState(latest = null) {
    this.tell({ type: "chat.state", unread: this.unread, latest });
  }

  async signOut() {
    await this.wire.signOut().catch(() => {});
    await this.store.note("session", undefined);
    this.end();
  }

  end() {
    this.stopping?.abort();
    this.forget();
    this.showSignIn();
  }

  trouble(error) {
    if (error instanceof SignedOut) this.end();
    else if (!(error instanceof Offline || error instanceof Refused)) console.error(error);
  }
}

const device = new URLSearchParams(location.search).get("device") ?? "browser";
new Chat(/^[a-z0-9-]{1,40}$/.test(device) ? device : "browser").start();
