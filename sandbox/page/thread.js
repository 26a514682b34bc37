// A list of messages that grows at its end: draws only what changed, and stays at the newest unless somebody scrolled up.

import { dayWord, el, icon } from "./dom.js";

const NEAR_PX = 48;

export class ThreadView {
  /** `draw(message)` makes the element of one message; `label` names the thread for screen readers. */
  constructor({ label, empty, draw, newestFirst = false }) {
    this.draw = draw;
    this.newestFirst = newestFirst;
    this.drawn = new Map();
    this.atNewest = true;
    this.top = null;
    this.list = el("ol", {});
    this.empty = el("p", { class: "empty", text: empty });
    this.scroller = el("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": label }, this.empty, this.list);
    this.jump = el("button", { type: "button", class: "jump", "aria-label": "To the newest message", hidden: true }, icon("down"));
    this.jump.addEventListener("click", () => this.toNewest());
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.atNewest && this.toNewest()).observe(this.scroller);
    this.root = el("div", { class: "thread" }, this.scroller, this.jump);
  }

  render(messages) {
    const keys = new Set(messages.map((message) => message.key));
    for (const [key, { node }] of this.drawn) {
      if (keys.has(key)) continue;
      node.remove();
      this.drawn.delete(key);
    }
    for (const message of messages) this.put(message);
    if (!this.newestFirst) this.markDays(messages);
    this.empty.hidden = messages.length > 0;
    if (this.atNewest) this.toNewest();
    else if (this.top !== null) this.scroller.scrollTop = this.top;
    this.top = null;
  }

  put(message) {
    const before = this.drawn.get(message.key);
    if (before?.version === message.version) return;
    const node = this.draw(message);
    if (before) {
      const had = [...before.node.querySelectorAll("button, a")].indexOf(document.activeElement);
      before.node.replaceWith(node);
      // A keyboard that went away under somebody's finger must not throw the focus back to the top of the page.
      if (had >= 0) (node.querySelectorAll("button, a")[had] ?? this.scroller).focus({ preventScroll: true });
    } else if (this.newestFirst) this.list.prepend(node);
    else this.list.append(node);
    this.drawn.set(message.key, { node, version: message.version });
  }

  markDays(messages) {
    let last = "";
    for (const message of messages) {
      const word = dayWord(message.at);
      const { node } = this.drawn.get(message.key);
      if (word !== last) node.dataset.day = word;
      else delete node.dataset.day;
      last = word;
    }
  }

  /** Draw everything anew next time: the messages were made anew. */
  forget() {
    this.top = this.scroller.scrollTop;
    for (const { node } of this.drawn.values()) node.remove();
    this.drawn.clear();
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (clientHeight === 0) return;
    this.atNewest = this.newestFirst ? scrollTop < NEAR_PX : scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.jump.hidden = this.atNewest;
  }

  toNewest() {
    this.atNewest = true;
    this.jump.hidden = true;
    this.scroller.scrollTop = this.newestFirst ? 0 : this.scroller.scrollHeight;
  }
}
