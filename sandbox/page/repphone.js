// A rep's phone: the real app of the product in a frame, and on the bezel the switch that takes its network away.

import { avatar, el, icon } from "./dom.js";

const WORDS = {
  airplane: "Airplane mode",
  good: "Up to date",
  syncing: "Syncing",
  away: "No network",
  trouble: "Trouble",
  "signed-out": "Signed out",
};

/** The phones of these reps: one each, and a tablet for the first, who then has two devices. */
export function repPhones(reps, app) {
  return reps.flatMap((rep, at) => [
    new RepPhone(rep, "phone", app, at),
    ...(at === 0 ? [new RepPhone(rep, "tablet", app, at)] : []),
  ]);
}

export class RepPhone {
  constructor(rep, kind, app, at) {
    const first = rep.name.split(" ")[0];
    this.rep = rep;
    this.app = new URL(app);
    this.owner = {
      key: `rep:${rep.email}:${kind}`,
      name: `${first}’s ${kind}`,
      tint: (at + 6) % 8,
      stranger: false,
      person: rep.name,
      short: kind === "phone" ? first : `${first}’s ${kind}`,
    };
    this.app.searchParams.set("device", `${first.toLowerCase()}-${kind}`);
    this.standing = el("small", { text: "Rep" });
    this.title = el(
      "button",
      { type: "button", class: "owner", tabindex: "-1" },
      avatar({ name: rep.name, tint: this.owner.tint }),
      el("span", { class: "who" }, el("strong", { text: this.owner.name }), this.standing),
    );
    this.title.addEventListener("click", () => this.enter());
    this.plane = el(
      "button",
      {
        type: "button",
        class: "airplane",
        role: "switch",
        "aria-checked": "false",
        "aria-label": `Airplane mode of ${this.owner.name}`,
        disabled: true,
      },
      icon("plane"),
      el("span", { class: "knob" }),
    );
    this.plane.addEventListener("click", () =>
      this.tell({ type: "rep.airplane", on: this.plane.getAttribute("aria-checked") !== "true" }),
    );
    this.frame = el("iframe", { title: `${this.owner.name}, the rep’s app`, allow: "geolocation" });
    const device = el("div", { class: "device" }, el("div", { class: "screen" }, this.frame));
    this.root = el(
      "section",
      { class: `phone rep ${kind}`, "aria-label": `${this.owner.name}, ${rep.name}` },
      el("div", { class: "above" }, el("h2", {}, this.title), this.plane),
      device,
    );
    window.addEventListener("message", (event) => this.heard(event));
    // A phone that nobody looks at starts when it comes into view.
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      this.frame.src = this.app.href;
    });
    seen.observe(this.root);
  }

  heard({ source, origin, data }) {
    if (source !== this.frame.contentWindow || origin !== this.app.origin || typeof data !== "object" || data === null)
      return;
    if (data.type === "rep.here") this.tell({ type: "rep.accounts", accounts: [this.rep] });
    if (data.type === "rep.state") this.show(data);
  }

  tell(message) {
    this.frame.contentWindow.postMessage(message, this.app.origin);
  }

  show({ airplane, state, unsent, refused }) {
    this.plane.disabled = false;
    this.plane.setAttribute("aria-checked", String(Boolean(airplane)));
    const counts = [refused > 0 && `${refused} refused`, unsent > 0 && `${unsent} unsent`].filter(Boolean);
    this.standing.textContent = [WORDS[state] ?? "Rep", ...counts].join(" · ");
    this.root.classList.toggle("news", refused > 0);
  }

  enter() {
    this.frame.focus();
  }

  tick() {}
}
