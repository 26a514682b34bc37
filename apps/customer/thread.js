// The one thread of all channels: what was said either way, and what can be chosen now.

import { button, el, empty } from "./dom.js";

const CHANNELS = { sms: "by text", telegram: "on Telegram", push: "as a notification", email: "by mail", app: "" };
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

/** All messages, oldest first; `choose(choice)` takes one of what the newest offers, `again(unsent)` sends once more. */
export function drawThread(items, unsent, { choose, again, older }) {
  if (items.length + unsent.length === 0)
    return el("ol", { class: "said" }, el("li", {}, empty("Ask where an order is, or write MENU.")));
  const rows = [];
  let last = "";
  for (const item of items) {
    const word = day.format(new Date(item.at));
    if (word !== last) rows.push(el("li", { class: "day", text: word }));
    last = word;
    rows.push(bubble(item));
  }
  const newest = items.at(-1);
  if (newest?.choices.length && unsent.length === 0) rows.push(choices(newest.choices, choose));
  rows.push(...unsent.map((one) => waiting(one, again)));
  return el(
    "ol",
    { class: "said", "aria-live": "polite" },
    older && el("li", { class: "day" }, button("Show earlier messages", older)),
    ...rows,
  );
}

function bubble(item) {
  const side = item.author === "customer" ? "own" : item.author;
  const who = { customer: "You", agent: "A person", bot: "Bot" }[item.author];
  const how = [who, CHANNELS[item.channel], clock.format(new Date(item.at))].filter(Boolean).join(" · ");
  return el(
    "li",
    { class: `bubble ${side}` },
    el("p", {}, ...linked(item.text ?? "(no words)")),
    el("small", { text: how }),
  );
}

/** Addresses on the web become links; all other words stay as they are. */
function linked(text) {
  return text
    .split(/(https:\/\/[^\s]+)/)
    .map((part, at) => (at % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer", text: part }) : part));
}

const choices = (offered, choose) =>
  el(
    "li",
    { class: "choices", role: "group", "aria-label": "Choices" },
    ...offered.map((choice) => button(choice.label, () => choose(choice))),
  );

function waiting(one, again) {
  return el(
    "li",
    { class: `bubble own waiting${one.error ? " lost" : ""}` },
    el("p", { text: one.words }),
    one.error ? el("small", { text: `Not sent: ${one.error} ` }, button("Try again", () => again(one))) : el("small", { text: "Sending" }),
  );
}
