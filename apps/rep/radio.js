// When to talk to the server: at once when something was written, when the server has news, when the network is back.

import { Offline, SignedOut } from "./wire.js";

const FIRST_PAUSE_MS = 1_500;
const LONGEST_PAUSE_MS = 30_000;
const SHORTEST_WAIT_MS = 1_000;

/** States: `airplane`, `signed-out`, `syncing`, `good`, `away`, `trouble`; `words` says more about the last two. */
export class Radio extends EventTarget {
  constructor(store, wire, sync) {
    super();
    Object.assign(this, { store, wire, sync });
    this.state = "airplane";
    this.words = "";
    this.waiting = [];
    this.pause = FIRST_PAUSE_MS;
  }

  /** Read the switch, then go on for as long as the page is open. */
  async start() {
    this.wire.turn(Boolean(await this.store.fact("airplane")));
    this.dispatchEvent(new Event("change"));
    this.store.addEventListener("change", () => this.heard());
    globalThis.addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake());
    for (;;) await this.turnOnce();
  }

  /** The airplane switch; it holds after a reload, and for every open page of this device. */
  async turn(airplane) {
    this.wire.turn(airplane);
    this.say(airplane ? "airplane" : "away");
    await this.store.note("airplane", airplane);
    this.wake();
  }

  /** Sync now, not later. */
  wake() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  async heard() {
    const airplane = Boolean(await this.store.fact("airplane"));
    if (airplane !== this.wire.airplane) {
      this.wire.turn(airplane);
      this.wake();
    } else if (this.state !== "syncing" && (await this.hasWork())) this.wake();
  }

  async hasWork() {
    const waiting = ((await this.store.fact("settlements")) ?? []).length;
    return waiting > 0 || (await this.store.unsent()).some((record) => !record.refused) || this.state === "signed-out";
  }

  async turnOnce() {
    if (this.wire.airplane || !(await this.store.fact("session"))) {
      this.say(this.wire.airplane ? "airplane" : "signed-out");
      await this.woken();
      return;
    }
    try {
      this.say("syncing");
      await this.sync.run();
      this.pause = FIRST_PAUSE_MS;
      this.say("good");
      if (!(await this.hasWork())) await this.newsOrWork();
    } catch (error) {
      await this.stumble(error);
    }
  }

  async newsOrWork() {
    for (;;) {
      const began = Date.now();
      const hanging = new AbortController();
      const news = this.sync.news(hanging.signal);
      const woken = this.woken().then(() => true);
      try {
        if (await Promise.race([woken, news])) return;
      } finally {
        hanging.abort();
        news.catch(() => {}); // cut by ourselves: somebody wrote, or the switch was turned
      }
      if (Date.now() - began < SHORTEST_WAIT_MS) await this.woken(SHORTEST_WAIT_MS);
    }
  }

  async stumble(error) {
    if (error instanceof SignedOut) return this.say("signed-out", error.message);
    if (this.wire.airplane) return this.say("airplane");
    if (error instanceof Offline) this.say("away", error.message);
    else {
      console.error(error);
      this.say("trouble", error.message);
    }
    await this.woken(this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  /** Until somebody wakes us, or the time is over. */
  woken(ms = null) {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (ms !== null) setTimeout(resolve, ms);
    });
  }

  say(state, words = "") {
    if (state === this.state && words === this.words) return;
    this.state = state;
    this.words = words;
    this.dispatchEvent(new Event("change"));
  }
}
