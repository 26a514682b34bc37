// The app on a customer's phone: the product's own page in a frame, told whose phone it is and whether anybody looks.

import { el } from "./dom.js";

const CODE = /(?<!\d)(\d{6})(?!\d)/;

export class ChatFace {
  /** `news({unread, latest})` hears of what came while nobody looked. */
  constructor(root, owner, app, news) {
    this.owner = owner;
    this.app = new URL(app);
    this.app.searchParams.set("device", `phone-${owner.phone.replace(/\D/g, "")}`);
    this.news = news;
    this.shown = false;
    this.frame = el("iframe", { title: `The app of ${owner.name}` });
    this.scroller = this.frame;
    this.atNewest = false;
    root.append(this.frame);
    window.addEventListener("message", (event) => this.heard(event));
    // A phone that nobody looks at starts its app when it comes into view.
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      this.frame.src = this.app.href;
    });
    seen.observe(root);
  }

  heard({ source, origin, data }) {
    if (source !== this.frame.contentWindow || origin !== this.app.origin || typeof data !== "object" || data === null)
      return;
    if (data.type === "chat.here") {
      this.tell({ type: "chat.owner", name: this.owner.name, phone: this.owner.phone });
      this.tell({ type: "chat.shown", shown: this.shown });
    }
    if (data.type === "chat.state") this.news(data);
  }

  tell(message) {
    if (this.frame.src) this.frame.contentWindow?.postMessage(message, this.app.origin);
  }

  look(shown) {
    if (this.shown !== shown) this.tell({ type: "chat.shown", shown });
    this.shown = shown;
  }

  /** A text that holds a code: the phone offers it to its app. */
  text(words) {
    const found = CODE.exec(words);
    if (found) this.tell({ type: "chat.code", code: found[1] });
  }

  render() {}

  forget() {}

  toNewest() {}
}
