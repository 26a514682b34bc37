// The right side: the customer at a glance.

import { avatar, badge, el, section } from "./dom.js";
import { channelName, day, money, when } from "./words.js";

export function drawCustomer({ contact, addresses, orders, consents, suppressions, cases }) {
  const name = contact?.name ?? "Somebody we do not know";
  return [
    el(
      "header",
      { class: "who" },
      avatar(name, contact?.id ?? name),
      el(
        "div",
        {},
        el("h2", { text: name }),
        contact && el("small", { text: `Customer since ${day(contact.created_at)} ${new Date(contact.created_at).getFullYear()}` }),
      ),
    ),
    section("Addresses", lines(addresses.map((one) => [channelName(one.channel), shown(one), one.verified_at ? badge("Verified", "good") : null]))),
    section("Orders", lines(orders.map((one) => [one.number, money(one.total, one.currency), badge(one.status)]))),
    section("Open cases", lines(cases.map((one) => [one.number, one.kind, one.due_at ? badge(`Due ${when(one.due_at)}`, "waiting") : null]))),
    section("Permissions", lines(consents.map((one) => [channelName(one.channel), one.purpose, badge(one.state, one.state === "granted" ? "good" : "bad")]))),
    section("Stopped", lines(suppressions.map((one) => [channelName(one.channel), one.address, badge(one.reason, "bad")]))),
  ].filter(Boolean);
}

/** A device has an address that nobody can read. */
const shown = (one) => (one.channel === "push" ? "A phone with the app" : one.address);

const lines = (rows) =>
  rows.length > 0 &&
  el("dl", {}, ...rows.map(([name, value, mark]) => el("div", {}, el("dt", { text: name }), el("dd", {}, el("span", { text: value }), mark))));
