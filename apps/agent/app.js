// The agents' screen: the queue on the left, the conversation in the middle, the customer on the right.
//
// The server owns everything; this page keeps what it last read, reads again at each hint, and draws.

import { askWhom, askWhy } from "./asking.js";
import { avatar, badge, button, el, empty, isAtEnd, keepAtEnd } from "./dom.js";
import { drawCustomer } from "./customer.js";
import { follow } from "./live.js";
import { drawQueue } from "./queue.js";
import { askOpener, drawSignIn } from "./signin.js";
import { Store } from "./store.js";
import { Composer, drawHead, drawThread } from "./thread.js";
import { Refused, SignedOut, Wire } from "./wire.js";
import { nameOf, UNSETTLED } from "./words.js";

const HEARTBEAT_MS = 30_000;
const LOOK_AGAIN_MS = 1200;
const TOAST_MS = 5000;
const $ = (id) => document.getElementById(id);

class App {
  constructor() {
    this.store = new Store();
    this.wire = new Wire(this.store);
    this.wire.turn(false);
    this.accounts = [];
    this.handovers = [];
    this.thread = [];
    this.current = null;
    this.composer = null;
    this.present = true;
    this.live = false;
    this.reading = Promise.resolve();
  }

  async start() {
    askOpener((accounts) => {
      this.accounts = accounts;
      if (!this.me) this.showSignIn();
    });
    document.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => this.me && this.drawQueue(), HEARTBEAT_MS);
    const session = await this.store.fact("session");
    if (session) await this.begin(session);
    else this.showSignIn();
  }

  showSignIn() {
    document.body.dataset.signed = "out";
    $("bar").replaceChildren();
    $("queue").replaceChildren();
    $("customer").replaceChildren();
    $("thread").replaceChildren(drawSignIn(this.accounts, (email, password) => this.signIn(email, password)));
  }

  async signIn(email, password) {
    const { device, session } = await this.wire.signIn(email, password);
    await this.store.note("device", device);
    await this.store.note("session", session);
    await this.begin(session);
  }

  async begin(session) {
    this.me = session.user_id;
    this.stopping = new AbortController();
    document.body.dataset.signed = "in";
    try {
      this.name = (await this.wire.call("GET", "/v1/staff/me")).name;
      await this.beat();
    } catch (error) {
      return this.trouble(error);
    }
    this.beating = setInterval(() => this.beat().catch((error) => this.trouble(error)), HEARTBEAT_MS);
    this.close();
    follow(this.wire, {
      path: "/v1/inbox/events",
      changed: () => this.read(),
      standing: (live) => ((this.live = live), this.drawBar()),
      signal: this.stopping.signal,
    }).catch((error) => this.trouble(error));
  }

  async end(words = null) {
    clearInterval(this.beating);
    this.stopping?.abort();
    this.me = this.current = null;
    this.handovers = [];
    await this.store.note("session", undefined);
    this.showSignIn();
    if (words) this.tell(words);
  }

  async signOut() {
    await this.attend(false).catch(() => {});
    await this.wire.signOut().catch(() => {});
    await this.end();
  }

  /** Say that somebody is here, as long as the switch says so. */
  beat() {
    return this.present ? this.attend(true) : Promise.resolve();
  }

  attend(is_present) {
    return this.wire.call("PUT", "/v1/inbox/presence", { body: { is_present } });
  }

  async turnPresence() {
    this.present = !this.present;
    this.drawBar();
    await this.act(() => this.attend(this.present));
  }

  /** Read the queue and the open conversation anew; calls come one after the other. */
  read() {
    this.reading = this.reading.then(() => this.readNow()).catch((error) => this.trouble(error));
    return this.reading;
  }

  async readNow() {
    if (!this.me) return;
    const { items } = await this.wire.call("GET", "/v1/inbox/handovers?going_on=true&limit=100");
    this.noticeLost(items);
    this.handovers = items;
    if (this.current) await this.readCurrent(this.current.id);
    this.drawQueue();
    document.title = `${items.filter((one) => one.awaits_reply).length || "No"} waiting · mCRM inbox`;
  }

  /** Say which conversation of mine a colleague answers now; what I passed on myself is no news. */
  noticeLost(items) {
    const mine = new Set(this.handovers.filter((one) => one.agent_id === this.me).map((one) => one.id));
    for (const one of items) {
      if (!mine.has(one.id) || one.agent_id === this.me) continue;
      if (one.id === this.passedOn) this.passedOn = null;
      else this.tell(`No longer yours: ${nameOf(one)}. Open it to see why.`, "bad");
    }
  }

  async readCurrent(id) {
    const path = `/v1/inbox/handovers/${id}`;
    const calls = [path, `${path}/thread?limit=50`, `${path}/customer`].map((one) => this.wire.call("GET", one));
    const [handover, page, customer] = await Promise.all(calls);
    if (this.current?.id !== id) return;
    this.current = handover;
    const newest = page.items.reverse();
    const before = this.thread.filter((item) => item.position < newest[0]?.position);
    this.thread = [...before, ...newest];
    if (!before.length) this.older = page.next_cursor;
    this.drawThread();
    $("customer").replaceChildren(...drawCustomer(customer));
    clearTimeout(this.again);
    const isUnderWay = (item) => item.kind === "delivery.queued" && UNSETTLED.has(item.payload.state);
    if (this.thread.slice(-5).some(isUnderWay)) this.again = setTimeout(() => this.read(), LOOK_AGAIN_MS);
  }

  async showOlder() {
    await this.act(async () => {
      const query = `limit=50&cursor=${encodeURIComponent(this.older)}`;
      const page = await this.wire.call("GET", `/v1/inbox/handovers/${this.current.id}/thread?${query}`);
      this.thread = [...page.items.reverse(), ...this.thread];
      this.older = page.next_cursor;
      this.drawThread(true);
    });
  }

  async open(id) {
    if (this.current?.id === id) return this.composer?.text.focus();
    this.current = this.handovers.find((one) => one.id === id) ?? null;
    if (!this.current) return;
    this.thread = [];
    this.older = null;
    this.composer = new Composer(this);
    document.body.dataset.open = "yes";
    this.drawQueue();
    this.drawThread();
    await this.act(async () => {
      await this.readCurrent(id);
      this.composer.offer((await this.wire.call("GET", `/v1/inbox/handovers/${id}/canned-replies`)).items);
    });
    if (this.current?.id === id && !this.current.ended_at) this.composer.text.focus();
  }

  close() {
    this.current = this.composer = null;
    delete document.body.dataset.open;
    $("thread").replaceChildren(empty("Choose a conversation on the left, or wait for one."));
    $("customer").replaceChildren();
    this.drawBar();
    this.drawQueue();
  }

  /** Answer, or note for colleagues; whether it was taken. */
  say(text, isNote) {
    return this.change(isNote ? "notes" : "messages", { text });
  }

  take() {
    return this.change("assignment");
  }

  async giveBack() {
    if (await this.change("return")) this.done("The bot answers again.");
  }

  async resolve() {
    if (await this.change("resolution", { ask: true })) this.done("Settled. The customer is asked how it was.");
  }

  done(words) {
    this.close();
    this.tell(words);
  }

  /** A colleague's conversation: the reason stands in the thread, and the colleague is told. */
  async takeOver() {
    const reason = await askWhy();
    if (reason && (await this.change("takeover", { reason }))) this.tell("It is yours now.");
  }

  async transfer() {
    const { items } = (await this.act(() => this.wire.call("GET", "/v1/inbox/agents"))) || { items: [] };
    const whom = await askWhom(items.filter((agent) => agent.id !== this.me), this.current.queue);
    if (!whom) return;
    this.passedOn = this.current.id;
    if (await this.change("transfer", whom)) this.tell("Passed on.");
    this.passedOn = null;
  }

  async change(what, body = {}) {
    const answer = await this.act(() =>
      this.wire.call("POST", `/v1/inbox/handovers/${this.current.id}/${what}`, { body, key: crypto.randomUUID() }),
    );
    await this.read();
    return answer !== undefined;
  }

  /** What `work` resolves to; undefined when it failed, which is then told. */
  async act(work) {
    try {
      return (await work()) ?? {};
    } catch (error) {
      this.trouble(error);
      return undefined;
    }
  }

  trouble(error) {
    if (error instanceof SignedOut) return void this.end(error.message);
    if (error instanceof Refused && error.status === 403) return void this.end("This account does not answer customers.");
    this.tell(error.message, "bad");
  }

  tell(words, tone = "good") {
    const toast = el("p", { class: `toast ${tone}`, text: words });
    $("toasts").append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  }

  drawBar() {
    const facts = { type: "button", class: "presence", role: "switch", "aria-checked": String(this.present) };
    $("bar").replaceChildren(
      el("strong", { class: "brand", text: "Inbox" }),
      badge(this.live ? "Live" : "Connecting", this.live ? "good" : "waiting"),
      el("span", { class: "keys", text: "↑ ↓ choose · T take · R answer · Esc back" }),
      el("button", { ...facts, on: { click: () => this.turnPresence() } }, el("span", { class: "knob" }), el("span", { text: this.present ? "Present" : "Away" })),
      avatar(this.name ?? "", this.me ?? ""),
      button("Sign out", () => this.signOut()),
    );
  }

  drawQueue() {
    const focused = document.activeElement?.dataset?.id;
    $("queue").replaceChildren(...drawQueue(this));
    if (focused) $("queue").querySelector(`[data-id="${focused}"]`)?.focus();
  }

  /** Head and words are drawn anew; the composer, with what is being written in it, and the reader stay where they are. */
  drawThread(above = false) {
    const root = $("thread");
    const old = this.composer.root.parentNode === root ? root.querySelector(".said") : null;
    const [top, height] = old && !isAtEnd(old) ? [old.scrollTop, old.scrollHeight] : [null, 0];
    const parts = [drawHead(this), drawThread(this)];
    const { state, agent_id: agent, ended_at: endedAt } = this.current;
    this.composer.limit(state === "taken" && agent !== this.me);
    if (endedAt) root.replaceChildren(...parts, empty("This is over: the bot answers again."));
    else if (this.composer.root.parentNode === root) parts.forEach((part, at) => root.children[at].replaceWith(part));
    else root.replaceChildren(...parts, this.composer.root);
    keepAtEnd(parts[1]);
    const grown = above ? parts[1].scrollHeight - height : 0;
    parts[1].scrollTop = top === null ? parts[1].scrollHeight : top + grown;
  }

  key(event) {
    if (event.key === "Escape" && this.current && !document.querySelector("dialog[open]")) return this.leave();
    if (!this.me || event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const entries = [...$("queue").querySelectorAll(".entry")];
    const here = entries.findIndex((entry) => entry === document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const to = entries.at(event.key === "ArrowDown" ? (here + 1) % entries.length : here - 1);
      if (to) (event.preventDefault(), to.focus());
    } else if (event.key.toLowerCase() === "t" && this.current?.state === "waiting") this.take();
    else if (event.key.toLowerCase() === "r" && this.composer) (event.preventDefault(), this.composer.text.focus());
  }

  leave() {
    const { id } = this.current;
    this.close();
    $("queue").querySelector(`[data-id="${id}"]`)?.focus();
  }
}

new App().start();
