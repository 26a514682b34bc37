// The drawer of faults: let a carrier misbehave, see what is active, go back to normal.

import { el } from "./dom.js";
import * as wire from "./wire.js";

const ALL = ["twilio", "telegram", "fcm", "mail"];
const CARRIER = { twilio: "SMS", telegram: "Telegram", fcm: "Push", mail: "Mail" };
const USUAL_CODE = { mail: 450 };

// kind: [words, what it does, carriers, {field: [label, default]}]
const KINDS = {
  latency: ["Slow answers", "Every answer takes longer.", ALL, { ms: ["Milliseconds", 400] }],
  rate_limit: ["Rate limit", "429, with the time to wait.", ALL, { retry_after_s: ["Retry after, seconds", 5] }],
  server_error: ["Server error", "503: nobody knows whether the message went out.", ALL, {}],
  error: ["Refusal", "The carrier refuses with one of its own codes.", ALL, { code: ["Code", "30003"] }],
  hang: ["Hang", "Takes the request and stays silent.", ALL, { s: ["Seconds", 20] }],
  accept_then_drop_reply: ["Accepted, reply lost", "The message goes out; the line breaks before the answer.", ALL, {}],
  drop_callback: ["Receipt lost", "The message arrives; its receipt never does.", ["twilio"], {}],
  duplicate_callback: ["Receipt twice", "Every receipt comes two times.", ["twilio"], {}],
  reorder_callbacks: ["Receipts out of order", "Delivered before sent.", ["twilio"], {}],
  blocked: ["Blocked", "The customer has blocked us.", ["twilio", "telegram"], {}],
  unregistered_token: ["App uninstalled", "The push token is no longer registered.", ["fcm"], {}],
};

const WORDS = {
  ms: (value) => `${value} ms`, s: (value) => `${value} s`, retry_after_s: (value) => `wait ${value} s`, to: (value) => `to ${value}`,
  count: (value) => (value === 1 ? "once" : `${value} times`),
};

const $ = (id) => document.getElementById(id);

/** Wire the drawer. */
export function openDrawer() {
  const drawer = $("faults");
  const form = $("fault-form");
  $("open-faults").addEventListener("click", () => {
    drawer.showModal();
    attempt(refresh);
  });
  drawer.querySelector("[data-close]").addEventListener("click", () => drawer.close());
  drawer.addEventListener("click", (event) => event.target === drawer && drawer.close());
  form.addEventListener("change", (event) => event.target.name === "provider" && offerKinds());
  $("fault-kind").addEventListener("change", explain);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await wire.setFault(chosen(form));
      await refresh();
    });
  });
  $("clear-faults").addEventListener("click", () =>
    attempt(async () => {
      await wire.clearFaults();
      await refresh();
    }),
  );
  offerKinds();
  wire.faults().then(list, () => list([]));
}

function offerKinds() {
  const provider = $("fault-form").provider.value;
  const fitting = Object.entries(KINDS).filter(([, [, , carriers]]) => carriers.includes(provider));
  $("fault-kind").replaceChildren(...fitting.map(([kind, [words]]) => el("option", { value: kind, text: words })));
  explain();
}

function explain() {
  const [, words, , fields] = KINDS[$("fault-kind").value];
  const code = USUAL_CODE[$("fault-form").provider.value];
  $("fault-explain").textContent = words;
  $("fault-detail").replaceChildren(
    ...Object.entries(fields).map(([name, [label, value]]) =>
      el("div", {}, el("label", { for: `fault-${name}`, text: label }), el("input", { id: `fault-${name}`, name, type: "number", min: "0", value: (name === "code" && code) || value })),
    ),
  );
}

function chosen(form) {
  const fault = { provider: form.provider.value, kind: form.kind.value };
  for (const [name, value] of new FormData(form)) {
    if (["provider", "kind"].includes(name) || value === "") continue;
    fault[name] = name === "to" ? value : Number(value);
  }
  return fault;
}

async function attempt(act) {
  $("fault-error").textContent = "";
  try {
    await act();
  } catch (error) {
    if (!(error instanceof wire.NotTaken)) throw error;
    $("fault-error").textContent = error.message;
  }
}

async function refresh() {
  list(await wire.faults());
}

function list(active) {
  const rows = active.map((fault) => {
    const rest = Object.entries(fault).filter(([name]) => !["provider", "kind", "id", "n"].includes(name) && fault[name] !== null);
    const words = rest.map(([name, value]) => WORDS[name]?.(value) ?? `${name.replaceAll("_", " ")} ${value}`).join(" · ");
    return el("li", {}, el("strong", { text: `${CARRIER[fault.provider] ?? fault.provider}: ${KINDS[fault.kind]?.[0] ?? fault.kind}` }), el("small", { text: words || "until cleared" }));
  });
  $("active-faults").replaceChildren(...(rows.length ? rows : [el("li", { class: "none", text: "Everything is normal." })]));
  $("clear-faults").hidden = active.length === 0;
  $("fault-count").hidden = active.length === 0;
  $("fault-count").textContent = active.length;
}
