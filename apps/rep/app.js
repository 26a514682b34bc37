// The app: opens the store, turns the radio, and shows the screen that the address names.

import { el, icon } from "./dom.js";
import { Data } from "./data.js";
import { Frame } from "./frame.js";
import { openConflicts } from "./inbox.js";
import { Radio } from "./radio.js";
import { screenOf, SECTIONS } from "./screens.js";
import { Store } from "./store.js";
import { Sync } from "./sync.js";
import { keepFiles } from "./keeping.js";
import { Wire } from "./wire.js";
import { count } from "./words.js";

const STATES = {
  airplane: "Airplane mode",
  "signed-out": "Signed out",
  syncing: "Syncing",
  good: "Up to date",
  away: "No network",
  trouble: "Trouble",
};
const TOAST_MS = 4_000;
const $ = (id) => document.getElementById(id);

class App {
  constructor(store) {
    this.store = store;
    this.data = new Data(store);
    this.wire = new Wire(store);
    this.sync = new Sync(store, this.wire);
    this.radio = new Radio(store, this.wire, this.sync);
    this.accounts = []; // to sign in with, offered by the page of phones
    this.drawn = 0;
  }

  async start() {
    this.bar = this.makeBar();
    this.frame = new Frame(this);
    globalThis.addEventListener("hashchange", () => this.draw({ moved: true }));
    this.store.addEventListener("change", () => this.changed());
    this.radio.addEventListener("change", () => this.showState());
    this.radio.start().catch(console.error);
    this.showState();
    await this.draw({ moved: true });
    await keepFiles(this);
    document.body.dataset.ready = "yes";
  }

  go(address, { instead = false } = {}) {
    if (instead) history.replaceState(null, "", address);
    else if (location.hash !== address) history.pushState(null, "", address);
    return this.draw({ moved: true });
  }

  back(otherwise) {
    return this.go(otherwise, { instead: true });
  }

  say(words, tone = "calm") {
    const toast = el("p", { class: `toast ${tone}`, text: words });
    $("toasts").replaceChildren(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  }

  /** What a saved thing is told with: sent at once, or waiting for a network. */
  saved(what) {
    const offline = this.radio.state === "airplane" || this.radio.state === "away";
    this.say(offline ? `${what} It will be sent when there is a network.` : what);
  }

  changed() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.draw(), 60);
  }

  /** Show the screen anew; one in which somebody writes stays as it is until they move on. */
  async draw({ moved = false } = {}) {
    const number = (this.drawn += 1);
    await this.data.refresh();
    const session = await this.store.fact("session");
    const holds = (await this.store.fact("cursor")) !== undefined;
    const screen = screenOf(location.hash, { signedIn: Boolean(session) || holds, hasData: holds });
    await this.showUnsent();
    if (!moved && this.screen?.steady && this.screen.name === screen.name) return;
    const shown = await screen.show(this, ...screen.words);
    if (number !== this.drawn) return; // somebody has moved on meanwhile
    const top = moved ? 0 : $("screen").scrollTop;
    const held = moved ? null : focusMark();
    this.screen = { name: screen.name, steady: shown.steady };
    this.showHead(shown, screen);
    $("screen").replaceChildren(...[shown.body].flat().filter(Boolean));
    $("screen").scrollTop = top;
    $("screen").dataset.name = screen.section ?? screen.name;
    if (moved && this.arrived) $("screen").focus({ preventScroll: true });
    else if (held) refocus(held);
    this.arrived = true;
    $("dock").hidden = screen.name === "sign-in";
    for (const tab of $("dock").children) tab.toggleAttribute("data-here", tab.dataset.section === screen.section);
    for (const tab of $("dock").children)
      tab.setAttribute("aria-current", tab.dataset.section === screen.section ? "page" : "false");
  }

  makeBar() {
    const title = el("h1", { tabindex: "-1" });
    const small = el("p", {});
    const back = el("a", { class: "round", "aria-label": "Back", hidden: true }, icon("back"));
    const mark = icon("mark");
    mark.classList.add("mark");
    const state = el("span", { class: "state", role: "status" });
    const plane = el(
      "button",
      { type: "button", class: "plane", role: "switch", "aria-label": "Airplane mode", "aria-checked": "false" },
      icon("plane"),
    );
    plane.addEventListener("click", () => this.radio.turn(!this.wire.airplane));
    $("bar").append(mark, back, el("div", { class: "title" }, title, small), state, plane);
    for (const { section, to, words } of SECTIONS) {
      $("dock").append(
        el(
          "a",
          { class: "tab", href: to, "data-section": section },
          icon(section),
          el("span", { text: words }),
          el("span", { class: "badge", hidden: true }),
        ),
      );
    }
    return { title, small, back, mark, state, plane };
  }

  showHead({ title, small = "", back = null }) {
    document.title = `${title} · mCRM for reps`;
    this.bar.title.textContent = title;
    this.bar.small.textContent = small;
    this.bar.small.hidden = !small;
    this.bar.back.hidden = !back;
    if (back) this.bar.back.href = back;
    this.bar.mark.toggleAttribute("hidden", Boolean(back));
    const tasks = [...$("dock").children].find((tab) => tab.dataset.section === "tasks");
    tasks.hidden = !this.data.has("tasks");
  }

  showState() {
    const { state, words } = this.radio;
    this.bar.state.dataset.state = state;
    this.bar.state.textContent = STATES[state];
    this.bar.state.title = words;
    this.bar.plane.setAttribute("aria-checked", String(this.wire.airplane));
    document.body.toggleAttribute("data-airplane", this.wire.airplane);
    this.frame.tell();
    if (state === "signed-out" || this.screen?.name === "sync") this.changed();
  }

  /** The badge of the section Sync: what was refused first, else what is unsent. */
  async showUnsent() {
    const unsent = (await this.store.unsent()).filter(({ table }) => table !== "order_lines");
    const conflicts = (await openConflicts(this.store)).length;
    this.refused = unsent.filter((record) => record.refused).length;
    this.unsent = unsent.length - this.refused;
    const tab = [...$("dock").children].find((each) => each.dataset.section === "sync");
    const badge = tab.querySelector(".badge");
    const urgent = this.refused + conflicts;
    badge.hidden = urgent + this.unsent === 0;
    badge.textContent = String(urgent || this.unsent);
    badge.dataset.tone = urgent ? "bad" : "waiting";
    const said = [
      this.refused && `${this.refused} refused`,
      conflicts && count(conflicts, "conflict"),
      this.unsent && `${this.unsent} unsent`,
    ];
    tab.setAttribute("aria-label", ["Sync", ...said.filter(Boolean)].join(", "));
    this.frame.tell();
  }
}

/** Where the focus is, so that it can be put back after the screen was drawn anew. */
function focusMark() {
  const active = document.activeElement;
  if (!$("screen").contains(active) || active === $("screen")) return null;
  return { all: `${active.tagName}${active.getAttribute("href") ?? ""}`, text: active.textContent };
}

function refocus({ all, text }) {
  const same = (node) => `${node.tagName}${node.getAttribute("href") ?? ""}` === all && node.textContent === text;
  [...$("screen").querySelectorAll("a, button, input, select, textarea")].find(same)?.focus({ preventScroll: true });
}

const device = new URLSearchParams(location.search).get("device") ?? "";
try {
  const app = new App(await Store.open(`rep${device ? `:${device.slice(0, 40)}` : ""}`));
  await app.start();
} catch (error) {
  $("screen").replaceChildren(
    el("p", {
      class: "empty",
      text: "This browser keeps nothing on the device, so the app cannot work here. A private window may be the reason.",
    }),
  );
  throw error;
}
